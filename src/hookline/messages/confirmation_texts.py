"""What a person is told after STOP, START or HELP, in each language of `opt_out_words`.

`{account}` becomes the account's name. STOP, START and HELP are understood in every language, so these name them.
"""

from hookline.messages.keywords import Keyword

ACCOUNT = "{account}"
ENGLISH = "en"
_LINES = {
    "en": (
        "You will get no more messages from us. Reply START to get them again.",
        "You will get our messages again. Reply STOP to end them, HELP for help.",
        "Reply STOP to get no more messages from us, START to get them again.",
    ),
    "ar": (
        "لن تصلك رسائل أخرى منا. أرسل START لتلقيها من جديد.",
        "ستصلك رسائلنا من جديد. أرسل STOP لإيقافها أو HELP للمساعدة.",
        "أرسل STOP لإيقاف رسائلنا، و START لتلقيها من جديد.",
    ),
    "cs": (
        "Už vám nebudeme posílat zprávy. Chcete-li je znovu dostávat, odpovězte START.",
        "Znovu budete dostávat naše zprávy. Ukončíte je odpovědí STOP, pomoc: HELP.",
        "Odpovězte STOP a zprávy přestanou chodit, START a budou chodit znovu.",
    ),
    "da": (
        "Du får ikke flere beskeder fra os. Svar START for at få dem igen.",
        "Du får vores beskeder igen. Svar STOP for at stoppe dem, HELP for hjælp.",
        "Svar STOP for ikke at få flere beskeder fra os, START for at få dem igen.",
    ),
    "de": (
        "Sie erhalten keine Nachrichten mehr von uns. Mit START erhalten Sie sie wieder.",
        "Sie erhalten wieder Nachrichten von uns. Abmelden mit STOP, Hilfe mit HELP.",
        "Antworten Sie STOP, um keine Nachrichten mehr zu erhalten, START für den Wiederbeginn.",
    ),
    "el": (
        "Δεν θα λαμβάνετε άλλα μηνύματα από εμάς. Απαντήστε START για να τα λαμβάνετε ξανά.",
        "Θα λαμβάνετε ξανά τα μηνύματά μας. Απαντήστε STOP για διακοπή, HELP για βοήθεια.",
        "Απαντήστε STOP για να μη λαμβάνετε άλλα μηνύματα, START για να τα λαμβάνετε ξανά.",
    ),
    "es": (
        "No recibirá más mensajes nuestros. Responda START para volver a recibirlos.",
        "Volverá a recibir nuestros mensajes. Responda STOP para no recibirlos, HELP para ayuda.",
        "Responda STOP para no recibir más mensajes nuestros, START para volver a recibirlos.",
    ),
    "fi": (
        "Et saa meiltä enää viestejä. Vastaa START, jos haluat niitä taas.",
        "Saat taas viestimme. Vastaa STOP lopettaaksesi, HELP saadaksesi ohjeita.",
        "Vastaa STOP, jos et halua enää viestejä, START, jos haluat niitä taas.",
    ),
    "fr": (
        "Vous ne recevrez plus de messages de notre part. Répondez START pour en recevoir à nouveau.",
        "Vous recevrez à nouveau nos messages. Répondez STOP pour les arrêter, HELP pour de l'aide.",
        "Répondez STOP pour ne plus recevoir nos messages, START pour en recevoir à nouveau.",
    ),
    "he": (
        "לא יישלחו אליך עוד הודעות מאיתנו. להצטרפות מחדש יש להשיב START.",
        "הודעותינו יישלחו אליך שוב. להסרה יש להשיב STOP, לעזרה HELP.",
        "להסרה מהודעותינו יש להשיב STOP, להצטרפות מחדש START.",
    ),
    "hi": (
        "आपको हमारे और संदेश नहीं मिलेंगे। फिर से पाने के लिए START भेजें।",
        "आपको हमारे संदेश फिर से मिलेंगे। रोकने के लिए STOP, मदद के लिए HELP भेजें।",
        "संदेश रोकने के लिए STOP भेजें, फिर से पाने के लिए START भेजें।",
    ),
    "it": (
        "Non riceverai più messaggi da noi. Rispondi START per riceverli di nuovo.",
        "Riceverai di nuovo i nostri messaggi. Rispondi STOP per non riceverli, HELP per aiuto.",
        "Rispondi STOP per non ricevere più i nostri messaggi, START per riceverli di nuovo.",
    ),
    "ja": (
        "今後メッセージは届きません。再開するには START と返信してください。",
        "メッセージの配信を再開しました。停止は STOP、ヘルプは HELP と返信してください。",
        "配信を停止するには STOP、再開するには START と返信してください。",
    ),
    "ko": (
        "더 이상 메시지를 보내지 않습니다. 다시 받으시려면 START 라고 답장해 주세요.",
        "메시지를 다시 보내 드립니다. 수신 거부는 STOP, 도움말은 HELP 라고 답장해 주세요.",
        "수신 거부는 STOP, 다시 받기는 START 라고 답장해 주세요.",
    ),
    "nb": (
        "Du får ikke flere meldinger fra oss. Svar START for å få dem igjen.",
        "Du får meldingene våre igjen. Svar STOP for å stoppe dem, HELP for hjelp.",
        "Svar STOP for ikke å få flere meldinger fra oss, START for å få dem igjen.",
    ),
    "nl": (
        "U ontvangt geen berichten meer van ons. Antwoord START om ze weer te ontvangen.",
        "U ontvangt onze berichten weer. Antwoord STOP om te stoppen, HELP voor hulp.",
        "Antwoord STOP om geen berichten meer te ontvangen, START om ze weer te ontvangen.",
    ),
    "pl": (
        "Nie otrzymasz od nas więcej wiadomości. Odpisz START, aby znów je otrzymywać.",
        "Znów będziesz otrzymywać nasze wiadomości. Odpisz STOP, aby zrezygnować, HELP: pomoc.",
        "Odpisz STOP, aby nie otrzymywać wiadomości, START, aby znów je otrzymywać.",
    ),
    "pt": (
        "Você não receberá mais mensagens nossas. Responda START para voltar a recebê-las.",
        "Você voltará a receber nossas mensagens. Responda STOP para parar, HELP para ajuda.",
        "Responda STOP para não receber mais mensagens nossas, START para voltar a recebê-las.",
    ),
    "ru": (
        "Вы больше не будете получать наши сообщения. Чтобы получать их снова, ответьте START.",
        "Вы снова будете получать наши сообщения. Отказаться: STOP, помощь: HELP.",
        "Ответьте STOP, чтобы не получать сообщений, START, чтобы получать их снова.",
    ),
    "sv": (
        "Du får inga fler meddelanden från oss. Svara START för att få dem igen.",
        "Du får våra meddelanden igen. Svara STOP för att avsluta, HELP för hjälp.",
        "Svara STOP för att inte få fler meddelanden från oss, START för att få dem igen.",
    ),
    "tr": (
        "Artık bizden mesaj almayacaksınız. Yeniden almak için START yazın.",
        "Mesajlarımızı yeniden alacaksınız. Durdurmak için STOP, yardım için HELP yazın.",
        "Mesaj almamak için STOP, yeniden almak için START yazın.",
    ),
    "uk": (
        "Ви більше не отримуватимете наших повідомлень. Щоб отримувати їх знову, надішліть START.",
        "Ви знову отримуватимете наші повідомлення. Відмовитися: STOP, довідка: HELP.",
        "Надішліть STOP, щоб не отримувати повідомлень, START, щоб отримувати їх знову.",
    ),
    "zh": (
        "您将不再收到我们的短信。如需恢复，请回复 START。",
        "您将重新收到我们的短信。退订请回复 STOP，帮助请回复 HELP。",
        "退订请回复 STOP，恢复接收请回复 START。",
    ),
}
DEFAULT_TEXTS: dict[str, dict[Keyword, str]] = {
    language: {keyword: f"{ACCOUNT}: {line}" for keyword, line in zip(Keyword, lines, strict=True)}
    for language, lines in _LINES.items()
}
