"""Writing a study's tables out: spreadsheets and the files of other tools.

exports.py      the tables people take away, with stable columns
spreadsheet.py  Excel sheets, streamed
"""
