"""What if, with the tokens that are out, as a page asks it and as a job."""
