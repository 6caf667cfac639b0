"""Write pictures as a page."""
def write_page(pictures, path, **kw): pass
