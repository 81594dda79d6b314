"""The files of a project: which there are, how they are read, which of them a compile reads."""
