'''Plain text tables.'''


def render(rows, gap = '  '):
    '''Rows of strings as lines with aligned columns.'''
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        lines.append(gap.join( cells ).rstrip())
    return '\n'.join( lines )
