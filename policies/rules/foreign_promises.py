"""The commonest promises in Spanish, Portuguese, German, French, Turkish and Russian, as patterns over plain text.

Of Dutch it knows the word for a guarantee alone.

Written as the language writes them, and read as `lettering` reads any text: without accents, and with letters that look
Latin as Latin ones. The word for a guarantee is that of `promises`, whose pattern knows the Latin spellings. Every
repetition is bounded.
"""

from policies.rules.lettering import folded

_WHOLE = (
    r"(?:100_(?:%|por_cien(?:to)?|por_cento|prozent|pour_cent|процент\w{0,3})|%_100|cien_por_cien(?:to)?|"
    r"cem_por_cento|hundert_prozent|cent_pour_cent|yüzde_yüz|стопроцентн\w{1,3})"
)
_REAL = (
    r"(?:real(?:es)?|reais|echte?[nrs]?|vrai(?:e?s)?|réel(?:le)?s?|gerçek|реальн\w{1,3}|жив\w{1,3}|"
    r"настоящ\w{1,3}|aktiv[a-z]{0,2}|activ[oa]s|ativ[oa]s|aktif|активн\w{1,3})"
)
_SAFE = r"(?:segur[oa]s?|sicher[a-z]{0,2}|sûre?s?|güvenli|безопасн\w{1,3})"

_GUARANTEED = r"гарант\w{1,12}|gegarandeerde?"
_RESULT = (
    rf"{_WHOLE}(?:_\w+)?_{_REAL}",
    rf"{_REAL}(?:_\w+)?_{_WHOLE}",
    r"s[ie][nm]_(?:caídas?|quedas?|pérdidas?)|ohne_(?:drops?|verlust[a-z]{0,2})|sans_(?:chutes?|baisses?|pertes?)",
    r"keine?_drops?|düşüş_(?:yok|olmaz)|düşmez|düşüşsüz|без_(?:отпис|списан|просад)\w{1,3}",
)
_SAFETY = (
    rf"{_WHOLE}_(?:y_|e_|und_|et_|ve_|и_)?{_SAFE}",
    rf"{_SAFE}_{_WHOLE}",
    r"s[ie][nm]_(?:riesgos?|riscos?|bane?os?)|(?:ohne|kein)_risiko|sans_risques?|risksiz|risk_yok|ban_yok",
    r"без_(?:риск|бан|блокиров)\w{0,3}|keine_sperr[a-z]{1,5}|aucun_risque|ning[uú]n_riesgo|nenhum_risco",
)

GUARANTEED = folded(_GUARANTEED)
RESULT = tuple(map(folded, _RESULT))
SAFETY = tuple(map(folded, _SAFETY))

# Right before a promise: "sin garantía", "nicht zu 100 % echt", "не гарантировано".
NO = folded(
    r"(?:sin|sem|sans|ohne|kein(?:e[nrms]?)?|nicht|niemals|aucune?|pas|não|nem|nunca|jamais|ni|ning[uú]n[oa]?|nenhum[ao]?s?|без|не|нет|никак\w{1,2}|niet|geen)"
)
FILLERS = folded(
    r"(?:ning[uú]n[oa]?|nenhum[ao]?|hay|há|ofrec\w{1,5}|oferec\w{1,5}|damos|geben|de|da|d|du|la|une?|está?n?|são|es|ist|sind|est|sont|zu|wir|on|ne|"
    r"es_una|кажд\w{1,3}|даем|даём)"
)
# Right after one: "garanti değil", "гарантии нет".
TAKEN_BACK = folded(
    r"(?:değil|yok(?:tur)?|edilm[a-z]{1,8}|verilm[a-z]{1,8}|verm[a-z]{1,8}|etm[a-z]{1,8}|нет|не_(?:да|предостав)\w{1,9}|(?:wird|ist|gibt_es)_(?:nicht|keine)|"
    r"no_(?:inclu|disponib)[a-z]{1,6}|não_(?:inclu|disponí)[a-z]{1,6}|non_(?:inclu|dispon)[a-z]{1,6})"
)
WITHOUT = "siz"  # how Turkish ends a word for "without": "garantisiz"

# A guarantee of these states the terms of a refill (refund.8.1).
REFILL = folded(
    r"recargas?|recharges?|reposici[oó]n(?:es)?|reposiç(?:ão|ões)|auffüll[a-z]{1,4}|nachfüll[a-z]{1,4}|remplissage|"
    r"telafi|докрут\w{1,3}|восстановлени\w{1,2}|восполнени\w{1,2}"
)
TERMS = folded(r"de|da|do|du|des|la|le|der|auf|für|días?|dias?|jours?|tage?n?|gün|дн\w{1,2}|на|por|pour")
