"""One judge over the whole history of a story: what Discord showed, who pressed what, what the database says."""
