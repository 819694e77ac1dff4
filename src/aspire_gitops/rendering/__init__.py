"""Values to text, for terminals, pull requests and machines. Pure: nothing here prints."""
