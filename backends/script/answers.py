"""What the demo says when nobody tells it what to say, in the language of the question."""

from __future__ import annotations

import re

_WORDS = {
    "en": ("the a is are what how why who where do does can you i me my please hello hi and of to"),
    "id": (
        "apa bagaimana mengapa siapa dimana di saya kamu anda bisa tolong halo dan yang untuk "
        "ini itu tidak dengan adalah selamat terima kasih kapan berapa ke dari"
    ),
    "it": (
        "che come perché chi dove il lo la gli un una sono sei puoi ciao buongiorno per "
        "favore e di non cosa è mi grazie quando della del posso"
    ),
    "de": (
        "was wie warum wer wo der die das ein eine ist sind kannst ich du mir bitte hallo und "
        "nicht für mit guten tag danke wann den"
    ),
    "fr": (
        "que comment pourquoi qui où le la les un une est sont peux je tu vous bonjour salut "
        "et de pas pour avec quoi merci quand des du"
    ),
    "es": (
        "qué como cómo por qué quién dónde el la los las un una es son puedes hola buenos y "
        "de no para con me gracias cuándo del puedo"
    ),
}
_KNOWN = {name: frozenset(words.split()) for name, words in _WORDS.items()}

_ANSWERS = {
    "en": (
        "Hello! You are talking to the demo backend that is built into this gateway. No model "
        "was asked and nothing left this machine, yet everything else is real: each word you "
        "see arriving is one event of the stream, it is counted, limited and audited like any "
        "answer, and if you reload the page in the middle it goes on where it stopped. To hear "
        "a real model, start the gateway with OPENAI_API_KEY or ANTHROPIC_API_KEY in its "
        "environment, or add a backend to gateway.yaml."
    ),
    "id": (
        "Halo! Anda sedang berbicara dengan backend demo yang tertanam di gateway ini. Tidak "
        "ada model yang dipanggil dan tidak ada data yang keluar dari mesin ini, tetapi "
        "selebihnya sungguhan: setiap kata yang muncul adalah satu event dari aliran, dihitung, "
        "dibatasi dan diaudit seperti jawaban biasa, dan jika halaman dimuat ulang di tengah "
        "jalan, jawaban akan berlanjut. Untuk memakai model sungguhan, jalankan gateway dengan "
        "OPENAI_API_KEY atau ANTHROPIC_API_KEY, atau tambahkan backend di gateway.yaml."
    ),
    "it": (
        "Ciao! Stai parlando con il backend dimostrativo incluso in questo gateway. Nessun "
        "modello è stato interpellato e nulla ha lasciato questa macchina, ma tutto il resto è "
        "vero: ogni parola che arriva è un evento del flusso, contato, limitato e registrato "
        "come ogni risposta, e se ricarichi la pagina a metà la risposta riprende da dove era. "
        "Per sentire un modello vero, avvia il gateway con OPENAI_API_KEY o ANTHROPIC_API_KEY, "
        "oppure aggiungi un backend in gateway.yaml."
    ),
    "de": (
        "Hallo! Sie sprechen mit dem Demo-Backend, das in dieses Gateway eingebaut ist. Kein "
        "Modell wurde gefragt und nichts hat diesen Rechner verlassen, aber alles andere ist "
        "echt: Jedes Wort, das ankommt, ist ein Ereignis des Stroms, es wird gezählt, begrenzt "
        "und protokolliert wie jede Antwort, und wer die Seite mittendrin neu lädt, liest dort "
        "weiter. Für ein echtes Modell starten Sie das Gateway mit OPENAI_API_KEY oder "
        "ANTHROPIC_API_KEY, oder tragen Sie ein Backend in gateway.yaml ein."
    ),
    "fr": (
        "Bonjour ! Vous parlez au backend de démonstration intégré à cette passerelle. Aucun "
        "modèle n'a été appelé et rien n'a quitté cette machine, mais tout le reste est réel : "
        "chaque mot qui arrive est un événement du flux, compté, limité et audité comme toute "
        "réponse, et si vous rechargez la page en cours de route, la réponse reprend où elle en "
        "était. Pour un vrai modèle, lancez la passerelle avec OPENAI_API_KEY ou "
        "ANTHROPIC_API_KEY, ou ajoutez un backend dans gateway.yaml."
    ),
    "es": (
        "¡Hola! Estás hablando con el backend de demostración incluido en esta pasarela. No se "
        "consultó ningún modelo y nada salió de esta máquina, pero todo lo demás es real: cada "
        "palabra que llega es un evento del flujo, contado, limitado y auditado como cualquier "
        "respuesta, y si recargas la página a la mitad, la respuesta continúa donde estaba. "
        "Para oír un modelo de verdad, inicia la pasarela con OPENAI_API_KEY o "
        "ANTHROPIC_API_KEY, o añade un backend en gateway.yaml."
    ),
}


def language_of(prompt: str) -> str:
    """Guess the language by its small words; English where nothing speaks against it."""
    words = re.findall(r"[^\W\d_]+", prompt.lower()[:2000])
    scores = {name: sum(word in known for word in words) for name, known in _KNOWN.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > scores["en"] else "en"


def answer(prompt: str) -> str:
    """Return the demo's words for a question."""
    return _ANSWERS[language_of(prompt)]
