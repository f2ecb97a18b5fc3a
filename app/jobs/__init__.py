"""Work that outlives a page: tracking, copies for the browser, films, moved files."""
