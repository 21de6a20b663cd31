"""What one text says of body part, side, contrast and views."""

from typing import Final

from dicomfabd.plan.lexicon import Lexicon
from dicomfabd.plan.words import Match, Words

_MAX_VIEWS: Final = 20
_CROSS_SECTIONAL: Final = frozenset({"CT", "MR", "PT", "NM"})
_ALSO: Final = frozenset({"W", "WITH", "INCLUDING", "INCL"})
_OR_MORE: Final = frozenset({"OR", "MORE", "PLUS"})


def body_part_in(words: Words, modality: str, lexicon: Lexicon) -> tuple[str, str, set[int]]:
    """Give the name of the body part, the evidence, and the places of all words that name parts."""
    parts = lexicon.parts
    table = parts.named_in.get(modality, parts.named)
    matches = words.find(table)
    taken = {place for match in matches for place in range(match.start, match.end)}
    said = [(table[m.phrase], m) for m in matches if not _is_beside(m, matches, words, modality, lexicon)]
    names = _combined(list(dict.fromkeys(name for name, _ in said)), lexicon)
    for match in words.find(parts.implied):
        name = parts.implied[match.phrase]
        if not names or parts.within[name] & set(names):
            said.append((name, match))
            names.append(name)
    if not names:
        return "", "", taken
    chosen = next((name for name in names if name in parts.several), "") or next(
        (name for name in names if not _contains_another(name, names, lexicon)), names[0]
    )
    phrases = [match.said for name, match in said if name == chosen] or [match.said for _, match in said]
    return chosen, words.says(*phrases), taken


def side_in(words: Words, taken: set[int], lexicon: Lexicon) -> tuple[str, str]:
    """Give the side (`L`, `R`, `B` or empty) and the evidence; `taken` are words that mean something else."""
    views = {place for match in words.find(lexicon.views) for place in range(match.start, match.end)}
    matches = [
        match
        for match in words.find(lexicon.sides)
        if match.start not in taken | views
        and (match.phrase not in lexicon.last_only or match.end == len(words.words) > 1)
    ]
    sides = {lexicon.sides[match.phrase] for match in matches}
    if not sides:
        return "", ""
    side = sides.pop() if len(sides) == 1 else "B"
    return side, words.says(*(match.said for match in matches))


def contrast_in(words: Words, taken: set[int], modality: str, lexicon: Lexicon) -> tuple[str, str]:
    """Give `with`, `without`, `both` or empty, and the evidence."""
    matches = [
        match
        for match in words.find(lexicon.contrasts)
        if match.start not in taken and not _is_of_something_else(match, words, taken, modality, lexicon)
    ]
    meanings = {lexicon.contrasts[match.phrase] for match in matches} - {"ignored"}
    if not meanings:
        return "", ""
    meaning = "both" if "both" in meanings or len(meanings) > 1 else meanings.pop()
    said = [match.said for match in matches if lexicon.contrasts[match.phrase] != "ignored"]
    return meaning, words.says(*said)


def view_count_in(words: Words, lexicon: Lexicon) -> tuple[int, str] | None:
    """Give the number of views and the words that say it."""
    for place, word in enumerate(words.words):
        if word not in lexicon.view_count_words:
            continue
        start = place - 1
        while start >= 0 and words.words[start] in _OR_MORE:
            start -= 1
        number = words.words[start] if start >= 0 else ""
        count = int(number) if number.isdecimal() and len(number) < 3 else lexicon.view_counts.get(number, 0)
        if 0 < count <= _MAX_VIEWS:
            return count, f"{number} {word}"
    return None


def views_in(words: Words, modality: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Give the named views in order, each once; only projections have any."""
    if modality not in lexicon.projections:
        return ()
    for table in (lexicon.views, lexicon.positions):
        if matches := words.find(table):
            return tuple(dict.fromkeys(table[match.phrase] for match in matches))
    return ()


def _combined(names: list[str], lexicon: Lexicon) -> list[str]:
    """Put one name for parts that have one together, where the first of them stood."""
    for together, name in lexicon.parts.combinations:
        if together <= set(names):
            first = min(names.index(part) for part in together)
            names = [*names[:first], name, *(part for part in names[first:] if part not in together)]
    return names


def _contains_another(name: str, names: list[str], lexicon: Lexicon) -> bool:
    return any(name in lexicon.parts.within[other] for other in names if other != name)


def _is_beside(match: Match, matches: list[Match], words: Words, modality: str, lexicon: Lexicon) -> bool:
    """Tell whether a part is only shown beside the one that is meant: "RIBS W PA CHEST"."""
    if match is matches[0] or modality in _CROSS_SECTIONAL:
        return False
    before = words.words[max(0, match.start - 3) : match.start]
    place = next((n for n in range(len(before) - 1, -1, -1) if before[n] in _ALSO), None)
    return place is not None and all(word in lexicon.views or word.isdecimal() for word in before[place + 1 :])


def _is_of_something_else(match: Match, words: Words, taken: set[int], modality: str, lexicon: Lexicon) -> bool:
    """Tell whether a lone "with" is not about contrast: "HIP W PELVIS", "WITH GUIDANCE"."""
    if match.phrase not in lexicon.lone_contrasts:
        return False
    after = words.words[match.end] if match.end < len(words.words) else ""
    return (
        modality not in lexicon.lone_contrast_modalities
        or match.end in taken
        or after.isdecimal()
        or after in lexicon.not_before
    )
