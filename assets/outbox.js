// The outbox: what a course could not save while it was open is kept by the portal in the browser and sent when any page of the portal is
// opened again, whoever is logged in: each entry goes to the attempt that it is of, by its own token, and to nothing else.
// Every page loads this, a page with a course in it besides (`player-page.js` fills the outbox). It shows no words of its own:
//
// <div data-outbox="waiting|sent|refused" hidden>…</div>   shown while something waits, once all was sent, where something was not taken
// <span data-outbox-count></span>                          how many entries wait
// <li data-launch="UUID"><span data-outbox-here hidden>…    shown where something of this launch waits on this very computer

const DAY = 24 * 60 * 60 * 1000;
const KEPT = 14 * DAY;
/** Browsers let go on with no more than 64 KiB once a page is left. */
const SMALL = 60 * 1024;
const AGAIN = 30_000;
/** Answers after which sending the same again is no use. */
const FINAL = new Set([400, 404, 409, 410, 413]);

if ("indexedDB" in window) {
  start();
}

function start() {
  let timer = 0;
  let running = null;
  let wasWaiting = false;
  let wasRefused = false;

  const run = () => (running ??= send().finally(() => (running = null)));

  async function send() {
    clearTimeout(timer);
    const left = await sendAll().catch(() => 0);
    tell(left);
    if (left > 0) {
      timer = setTimeout(run, AGAIN * (0.75 + Math.random() / 2));
    }
  }

  async function sendAll() {
    const database = await open();
    if (!database) {
      return 0;
    }
    try {
      const keys = await asked(database, "readonly", (commits) => commits.getAllKeys());
      wasWaiting ||= keys.length > 0;
      tell(keys.length);
      for (const place of document.querySelectorAll("[data-launch] [data-outbox-here]")) {
        place.hidden = !keys.some(([launch]) => launch === place.closest("[data-launch]").dataset.launch);
      }
      const launches = new Map();
      for (const key of keys) {
        launches.set(key[0], [...(launches.get(key[0]) ?? []), key]);
      }
      await Promise.all([...launches].map(([launch, of]) => alone(launch, () => sendLaunch(database, of))));
      return await asked(database, "readonly", (commits) => commits.count());
    } finally {
      database.close();
    }
  }

  // In order: what comes later is not sent before what comes first was answered.
  async function sendLaunch(database, keys) {
    for (const key of keys) {
      const entry = await asked(database, "readonly", (commits) => commits.get(key));
      if (!entry) {
        continue;
      }
      const isOver = !(Date.now() - entry.at < KEPT);
      const answer = isOver ? "refused" : await sendOne(entry);
      if (answer === "later") {
        return;
      }
      wasRefused ||= answer === "refused";
      await asked(database, "readwrite", (commits) => commits.delete(key));
    }
  }

  async function sendOne({ url, body }) {
    try {
      const answer = await fetch(url, {
        method: "POST",
        mode: "cors",
        credentials: "omit",
        cache: "no-store",
        keepalive: body.length < SMALL / 3,
        headers: { "content-type": "text/plain" },
        body,
      });
      const said = await answer.json();
      if (answer.ok && said.receipt) {
        return "sent";
      }
      return FINAL.has(answer.status) && said.why ? "refused" : "later";
    } catch {
      // No network, or something between here and the server answered in its place.
      return "later";
    }
  }

  function tell(left) {
    const shown = { waiting: left > 0, sent: left === 0 && wasWaiting && !wasRefused, refused: wasRefused };
    for (const place of document.querySelectorAll("[data-outbox]")) {
      place.hidden = !shown[place.dataset.outbox];
    }
    for (const place of document.querySelectorAll("[data-outbox-count]")) {
      place.textContent = String(left);
    }
  }

  window.addEventListener("online", run);
  window.addEventListener("pageshow", run);
  run();
}

// A launch that is open in another tab is sent from there.
function alone(launch, act) {
  if (!navigator.locks) {
    return act();
  }
  return navigator.locks.request(`staffrecord-${launch}`, { ifAvailable: true }, (lock) => lock && act());
}

/** The database; none where nothing was ever kept: looking must not make one. */
async function open() {
  const known = await indexedDB.databases?.().catch(() => null);
  if (known && !known.some(({ name }) => name === "staffrecord")) {
    return null;
  }
  return new Promise((settle, fail) => {
    const opening = indexedDB.open("staffrecord", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("commits");
    opening.onsuccess = () => settle(opening.result);
    opening.onerror = () => fail(opening.error);
  });
}

function asked(database, mode, act) {
  return new Promise((settle, fail) => {
    const turn = database.transaction("commits", mode);
    const request = act(turn.objectStore("commits"));
    turn.oncomplete = () => settle(request.result);
    turn.onabort = () => fail(turn.error);
  });
}
