"""The words themselves, by language, as people write them.

Sources: CTIA and 47 CFR 64.1200(a)(10) for English; the Canadian short code rules (ARRET, AIDE); the lists that large
gateways require (AWS: REMOVE, TD); what senders in each country print under their messages (BAJA, SAIR, RET, הסר,
수신거부, 退订 …). A word that is an ordinary answer is left out: NO, yes in other languages, single letters (T, N), and
"cancel" and "end" in other languages than English, with which people answer reminders of appointments.
An account adds its own words and ignores some of these (`opt_out_rules.py`).
"""

from typing import NamedTuple


class Words(NamedTuple):
    """What one language says for STOP, START and HELP."""

    stop: tuple[str, ...]
    start: tuple[str, ...]
    help: tuple[str, ...]


INTERNATIONAL = Words(("stop", "stop all", "stopall", "td"), ("start", "unstop"), ("help", "info"))
"""Understood whatever the language of the messages is."""

REQUIRED = frozenset(
    {"stop", "stop all", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "opt out"}
    | {"revoke", "arret"}
)
"""What US and Canadian carriers and rules require: no account can ignore these."""

WORDS: dict[str, Words] = {
    "en": Words(
        ("unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke", "remove"),
        ("yes",),
        (),
    ),
    "ar": Words(
        ("توقف", "أوقف", "إيقاف", "وقف", "إلغاء الاشتراك", "إلغاء الإشتراك"),
        ("ابدأ", "بدء", "اشتراك"),
        ("مساعدة", "المساعدة"),
    ),
    "cs": Words(
        ("odhlásit", "odhlášení", "zastavit"), ("přihlásit", "začít"), ("pomoc", "nápověda")
    ),
    "da": Words(("afmeld", "frameld", "stop sms"), ("tilmeld",), ("hjælp", "hjaelp")),
    "de": Words(
        ("stopp", "abmelden", "abbestellen", "austragen", "keine sms"),
        ("starten", "anmelden"),
        ("hilfe",),
    ),
    "el": Words(
        ("διακοπή", "σταμάτα", "σταματήστε", "στοπ", "απεγγραφή"),
        ("έναρξη", "εγγραφή"),
        ("βοήθεια", "πληροφορίες"),
    ),
    "es": Words(
        ("alto", "parar", "baja", "dar de baja", "darse de baja", "darme de baja", "detener"),
        ("alta", "comenzar", "iniciar", "reanudar"),
        ("ayuda",),
    ),
    "fi": Words(("lopeta", "pysäytä"), ("aloita",), ("apua", "ohje")),
    "fr": Words(
        ("arrêt", "arrêter", "désabonner", "désinscrire", "désinscription", "désabonnement"),
        ("démarrer", "reprendre", "réabonner"),
        ("aide",),
    ),
    "he": Words(("הסר", "הסרה", "הסירו", "הסר אותי", "הפסק", "עצור"), ("התחל", "הצטרף"), ("עזרה",)),
    "hi": Words(
        ("बंद करें", "बंद करो", "बन्द करें", "बन्द करो", "रोकें", "रोको", "स्टॉप"),
        ("शुरू", "शुरू करें", "शुरू करो", "स्टार्ट"),
        ("मदद", "सहायता"),
    ),
    "it": Words(
        ("ferma", "fermare", "cancellami", "disiscrivi", "disiscrivimi", "disiscrizione"),
        ("inizia", "iscrivimi", "riprendi"),
        ("aiuto",),
    ),
    "ja": Words(
        ("停止", "配信停止", "配信解除", "登録解除", "ストップ"),
        ("再開", "配信再開", "スタート"),
        ("ヘルプ",),
    ),
    "ko": Words(
        ("수신거부", "수신 거부", "중지", "정지", "스톱"),
        ("수신동의", "수신 동의", "시작", "재개"),
        ("도움말", "도움"),
    ),
    "nb": Words(("stopp", "avslutt", "avmeld", "meld av"), ("påmeld",), ("hjelp",)),
    "nl": Words(("stoppen", "afmelden", "uitschrijven"), ("aanmelden", "starten"), ("hulp",)),
    "pl": Words(
        ("rezygnuję", "rezygnacja", "wypisz", "wypisz mnie", "zatrzymaj"),
        ("zapisz", "wznów", "zacznij"),
        ("pomoc",),
    ),
    "pt": Words(
        ("parar", "pare", "sair", "descadastrar", "remover"), ("começar", "iniciar"), ("ajuda",)
    ),
    "ru": Words(
        ("стоп", "отписаться", "отписка", "отпишите", "отпишите меня", "остановить"),
        ("старт", "подписаться", "начать"),
        ("помощь", "инфо", "справка"),
    ),
    "sv": Words(("stopp", "avsluta", "avregistrera"), ("starta",), ("hjälp",)),
    "tr": Words(("ret", "durdur", "sms iptal", "abonelikten çık"), ("başlat",), ("yardım",)),
    "uk": Words(
        ("стоп", "відписатися", "відписка", "зупинити"),
        ("старт", "підписатися", "почати"),
        ("допомога", "довідка"),
    ),
    "zh": Words(
        ("退订", "退訂", "取消订阅", "取消訂閱", "停止", "拒收"),
        ("开始", "開始", "订阅", "訂閱", "恢复", "恢復"),
        ("帮助", "幫助", "說明"),
    ),
}
"""By ISO 639 code."""
LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nb": "Norwegian", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "tr": "Turkish",
    "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip
"""What the languages are called in English."""
