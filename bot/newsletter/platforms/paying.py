"""Words of which platforms and newsletters make their sentences about paying: parts of expressions."""

PIECE = r"(?:post|issue|article|story|episode|edition|page|e-?mail|letter|piece)"
END = r"(?=\W*(?:$|subscribe|upgrade|already|sign|become|log))"
PAYING = r"(?:paid(?:-up)?|paying|premium|pro|founding)"
PLAN = r"(?:an? )?(?:paid|premium|pro|plus)(?: (?:subscription|membership|plan|tier))?"
SUBSCRIBER = r"(?:subscriber|member)(?: of .{1,60}?)?"
READERS = r"(?:subscribers|members|readers|supporters)\b"
TIERS = r"on the [^.!?]{1,100}?\b(?:tiers?|plans?)\b(?: only)?"
