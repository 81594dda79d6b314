"""The demo: a booking platform with a year of data, on a server of our own."""
