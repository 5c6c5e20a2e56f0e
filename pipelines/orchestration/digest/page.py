"""The digest of a night as one HTML file that asks nobody for anything and runs no script: style and plots are in."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path

from pipelines.orchestration.digest.record import Night, Picture, duration, of_recipe, one_line
from pipelines.orchestration.digest.sections import Section, sections

_STYLE = Path(__file__).parent / "digest.css"
_COLOURS = {
    **dict.fromkeys(("done", "promote"), "good"),
    **dict.fromkeys(("FAILED", "failed", "broke off", "gated", "regressed", "refused", "reject"), "bad"),
    **dict.fromkeys(
        ("skipped", "cancelled", "warned", "still refused", "under way", "not reached", "not made"), "calm"
    ),
}
_BAR, _GAP, _WIDTH, _LABELS = 16, 10, 640, 250


def digest_page(night: Night, pictures: Sequence[Picture]) -> str:
    """Return the page. Names, reasons and titles are text in it, never markup; it is readable from 390 pixels on."""
    style = _STYLE.read_text(encoding="utf-8")
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{hashed}'; img-src data:; base-uri 'none'; form-action 'none'"
    ended = night.ended.partition(".")[0].replace("T", " ")
    told = f"{night.reason}. " if night.reason else ""
    body = [
        f"<h1>Night {_text(night.night)} {_word(night.state)}</h1>",
        f"<p>{_text(told)}It took {_text(duration(night.seconds))} and ended at {_text(ended)} UTC.</p>",
        *(_section(section) for section in sections(night)),
        _times(night),
        *(_picture(picture) for picture in pictures),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>Night {_text(night.night)}: {_text(night.state)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    lines = "".join(f"<p>{_text(line)}</p>" for line in section.lines)
    kept = [place for place in range(len(section.head)) if any(row[place] for row in section.rows)]
    table = ""
    if section.rows:
        head = "".join(f'<th scope="col">{_text(section.head[place])}</th>' for place in kept)
        rows = "".join(f"<tr>{''.join(f'<td>{_word(row[place])}</td>' for place in kept)}</tr>" for row in section.rows)
        table = (
            f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        )
    return f"<section><h2>{_text(section.title)}</h2>{lines}{table}</section>"


def _times(night: Night) -> str:
    """Return bars of the assets' seconds, each above that of the night before; "" where none took a second."""
    taken = [one for one in night.assets if (one.seconds or 0) >= 1 or (one.before or 0) >= 1]
    if not taken:
        return ""
    longest = max(max(one.seconds or 0, one.before or 0) for one in taken)
    step = 2 * _BAR + _GAP
    parts = []
    for place, one in enumerate(taken):
        top = place * step
        parts.append(f'<text x="{_LABELS - 8}" y="{top + _BAR}">{_text(of_recipe(one.asset, one.recipe))}</text>')
        for row, (kind, seconds) in enumerate((("now", one.seconds), ("before", one.before))):
            if seconds is None:
                continue
            width = max(1.0, seconds / longest * (_WIDTH - _LABELS - 90))
            place_y = top + row * _BAR
            parts.append(
                f'<rect class="{kind}" x="{_LABELS}" y="{place_y + 2}" width="{width:.1f}" height="{_BAR - 3}"/>'
                f'<text class="end" x="{_LABELS + width + 6:.1f}" y="{place_y + _BAR - 3}">{duration(seconds)}</text>'
            )
    box = f'viewBox="0 0 {_WIDTH} {len(taken) * step}" role="img" aria-label="Seconds by asset"'
    drawn = f"<svg {box}>{''.join(parts)}</svg>"
    key = '<p><span class="now">▇</span> this night <span class="before">▇</span> the night before</p>'
    return f"<section><h2>Time by asset</h2>{key}{drawn}</section>"


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    title = _text(picture.title)
    return f'<figure><figcaption>{title}</figcaption><img alt="{title}" src="data:image/png;base64,{data}"></figure>'


def _word(text: str) -> str:
    """Return a cell's text; a word that says how something ended has its colour."""
    return f'<b class="{_COLOURS[text]}">{_text(text)}</b>' if text in _COLOURS else _text(text)


def _text(text: str) -> str:
    return escape(one_line(text), quote=True)
