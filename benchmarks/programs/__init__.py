"""The measured programs, written once for each library; a method is a case, and has the same name everywhere."""
