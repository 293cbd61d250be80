// Every word that the page shows, in one table. A language is a column; English is the fallback.

const TABLE = {
  title: ["Sluicegate chat", "Obrolan Sluicegate", "Chat Sluicegate"],
  model: ["Model", "Model", "Modello"],
  standard: ["Default", "Bawaan", "Predefinito"],
  fresh: ["New chat", "Obrolan baru", "Nuova chat"],
  conversation: ["Conversation", "Percakapan", "Conversazione"],
  messages: ["Messages", "Pesan-pesan", "Messaggi"],
  welcome: ["What would you like to know?", "Apa yang ingin Anda ketahui?", "Che cosa vuoi sapere?"],
  intro: ["The answer appears while it is being written.", "Jawaban muncul selagi ditulis.", "La risposta appare mentre viene scritta."],
  example1: ["Explain streaming in two sentences", "Jelaskan streaming dalam dua kalimat", "Spiega lo streaming in due frasi"],
  example2: ["Write a short Python function", "Tulis fungsi Python yang pendek", "Scrivi una breve funzione Python"],
  example3: ["Three ideas for a rainy day in Bali", "Tiga ide untuk hari hujan di Bali", "Tre idee per un giorno di pioggia a Bali"],
  embed: ["Put this chat on your own site", "Pasang obrolan ini di situs Anda", "Metti questa chat sul tuo sito"],
  message: ["Message", "Pesan", "Messaggio"],
  placeholder: ["Ask something", "Tanyakan sesuatu", "Chiedi qualcosa"],
  send: ["Send", "Kirim", "Invia"],
  stop: ["Stop", "Berhenti", "Ferma"],
  jump: ["Go to the end", "Ke bagian akhir", "Vai alla fine"],
  key: ["API key", "Kunci API", "Chiave API"],
  hint: ["Enter sends, Shift+Enter starts a line, Escape stops.", "Enter mengirim, Shift+Enter baris baru, Escape menghentikan.", "Invio spedisce, Maiusc+Invio va a capo, Esc ferma."],
  you: ["You", "Anda", "Tu"],
  answer: ["Answer", "Jawaban", "Risposta"],
  copy: ["Copy", "Salin", "Copia"],
  copyCode: ["Copy code", "Salin kode", "Copia codice"],
  copied: ["Copied", "Tersalin", "Copiato"],
  retry: ["Try again", "Coba lagi", "Riprova"],
  details: ["Details", "Rincian", "Dettagli"],
  reasoning: ["Reasoning", "Penalaran", "Ragionamento"],
  thinking: ["Thinking…", "Sedang berpikir…", "Sto pensando…"],
  writing: ["The answer is being written.", "Jawaban sedang ditulis.", "La risposta è in arrivo."],
  complete: ["Answer complete.", "Jawaban selesai.", "Risposta completa."],
  stopped: ["Stopped.", "Dihentikan.", "Interrotta."],
  wait: ["Wait for the end of the answer, or stop it.", "Tunggu jawaban selesai, atau hentikan.", "Attendi la fine della risposta o fermala."],
  reconnecting: ["Connection lost, reconnecting…", "Koneksi terputus, menyambung lagi…", "Connessione persa, riconnessione…"],
  connected: ["Connected again.", "Tersambung lagi.", "Di nuovo connesso."],
  resumed: ["Continued after a reload.", "Dilanjutkan setelah dimuat ulang.", "Ripresa dopo il ricaricamento."],
  limited: ["Too many messages. You can send again in {0}.", "Terlalu banyak pesan. Anda dapat mengirim lagi dalam {0}.", "Troppi messaggi. Potrai inviare di nuovo tra {0}."],
  length: ["The answer reached its maximum length.", "Jawaban mencapai panjang maksimum.", "La risposta ha raggiunto la lunghezza massima."],
  content_filter: ["The provider withheld the rest.", "Sisanya ditahan oleh penyedia.", "Il resto è stato trattenuto dal fornitore."],
  timing: ["First token {0} · {1} per token · {2} tokens", "Token pertama {0} · {1} per token · {2} token", "Primo token {0} · {1} per token · {2} token"],
  incomplete: ["This answer is incomplete.", "Jawaban ini belum lengkap.", "Questa risposta è incompleta."],
  // By code of the error; "failed" for all others.
  network: ["The server cannot be reached. Check the connection.", "Server tidak dapat dihubungi. Periksa koneksi.", "Il server non è raggiungibile. Controlla la connessione."],
  unauthorized: ["An API key is needed.", "Kunci API diperlukan.", "Serve una chiave API."],
  forbidden: ["Streaming is not available for you.", "Streaming tidak tersedia untuk Anda.", "Lo streaming non è disponibile per te."],
  too_long: ["The message is too long.", "Pesan terlalu panjang.", "Il messaggio è troppo lungo."],
  invalid: ["The message was not accepted.", "Pesan tidak diterima.", "Il messaggio non è stato accettato."],
  overloaded: ["The server is busy. Try again in a moment.", "Server sibuk. Coba lagi sebentar.", "Il server è occupato. Riprova tra poco."],
  timeout: ["The model took too long.", "Model terlalu lama menjawab.", "Il modello ha impiegato troppo tempo."],
  lost: ["The answer was cut off.", "Jawaban terputus.", "La risposta si è interrotta."],
  gone: ["The answer is no longer kept.", "Jawaban tidak lagi disimpan.", "La risposta non è più disponibile."],
  failed: ["The answer could not be written.", "Jawaban gagal ditulis.", "Non è stato possibile scrivere la risposta."],
};

const LANGUAGES = ["en", "id", "it"];
const OLD_NAMES = { in: "id" };

function preferred() {
  const wanted = navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]);
  return wanted.map((name) => OLD_NAMES[name] || name).find((name) => LANGUAGES.includes(name)) || "en";
}

export const language = preferred();
const column = LANGUAGES.indexOf(language);

export function say(key, ...values) {
  const [english] = TABLE[key];
  return (TABLE[key][column] || english).replace(/\{(\d)\}/g, (_, at) => values[at]);
}

export const has = (key) => Object.hasOwn(TABLE, key);

const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: 0 });
export const milliseconds = unit("millisecond").format;
export const seconds = new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "long" }).format;
export const count = new Intl.NumberFormat(language).format;

/** Puts the page's fixed words into their places. */
export function translate(root) {
  root.documentElement.lang = language;
  root.title = say("title");
  for (const element of root.querySelectorAll("[data-words]")) element.textContent = say(element.dataset.words);
  for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
}
