"""What is allowed and rarely meant, a module for each subject."""
