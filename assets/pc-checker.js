// PC Checker: tries what courses need, fills the page's form with what came of it and sends that. The server judges; words stand in
// the page. Without this script the form is sent empty, which says enough.

const form = document.getElementById("pc-checker");
const status = document.getElementById("pc-checker-status");
/** How long the frame may take to load, and to do all that it is asked to. A question waits for its person. */
const LOAD = 15_000;
const WORK = 90_000;

let running = false;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) {
    return;
  }
  running = true;
  status.textContent = form.dataset.running;
  const slow = setTimeout(() => (status.textContent = form.dataset.slow), LOAD);
  check()
    .catch(() => {})
    .then(keep)
    .finally(() => clearTimeout(slow));
});

/** Sends what was found. Where what is sent gets lost on its way this gets lost too: then the page itself says so. */
async function keep() {
  const isLost = ["commit", "bodies"].some((name) => form.elements.namedItem(name).value === "failed");
  if (isLost) {
    const kept = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      signal: AbortSignal.timeout(LOAD),
    }).catch(() => null);
    if (kept?.redirected) {
      location.assign(kept.url);
      return;
    }
    status.textContent = "";
    document.getElementById("pc-checker-lost").hidden = false;
    running = false;
    return;
  }
  form.submit();
}

function found(name, outcome) {
  form.elements.namedItem(name).value = typeof outcome === "boolean" ? (outcome ? "ok" : "failed") : String(outcome);
}

async function check() {
  found("script", true);
  found("screen", Math.round(window.innerWidth));
  found("video", plays("video", 'video/mp4; codecs="avc1.42E01E, mp4a.40.2"'));
  await Promise.all([sound(), clock(), outbox(), frame()]);
}

/** Whether this page, which keeps what could not be sent, may keep something. */
async function outbox() {
  found("outbox", await Promise.race([keeps(), wait(LOAD).then(() => false)]));
}

function keeps() {
  return new Promise((settle) => {
    try {
      const name = "staffrecord-check";
      const opening = indexedDB.open(name, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("check");
      opening.onerror = () => settle(false);
      opening.onsuccess = () => {
        const database = opening.result;
        const end = (kept) => {
          database.close();
          indexedDB.deleteDatabase(name);
          settle(kept);
        };
        const turn = database.transaction("check", "readwrite");
        turn.objectStore("check").put("kept", 1);
        const reading = turn.objectStore("check").get(1);
        turn.oncomplete = () => end(reading.result === "kept");
        turn.onabort = () => end(false);
      };
    } catch {
      settle(false);
    }
  });
}

function plays(element, kind) {
  return document.createElement(element).canPlayType(kind) !== "";
}

/** A short tone: a browser that may not play it, or has nothing to play it on, says so. */
async function sound() {
  try {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const quiet = context.createGain();
    quiet.gain.value = 0.1;
    tone.connect(quiet).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.3);
    await Promise.race([new Promise((settle) => tone.addEventListener("ended", settle)), wait(2_000)]);
    found("sound", context.state === "running" && plays("audio", "audio/mpeg"));
    await context.close();
  } catch {
    found("sound", false);
  }
}

/** How far this clock is before the server's, in seconds. A server tells its time to the second. */
async function clock() {
  try {
    const begun = Date.now();
    const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(LOAD) });
    const told = Date.parse(answer.headers.get("date") ?? "") + 500;
    found("clock", Number.isNaN(told) ? "untested" : Math.round(((begun + Date.now()) / 2 - told) / 1000));
  } catch {
    found("clock", "untested");
  }
}

/** What only a frame of the courses' host can try. */
async function frame() {
  const address = form.dataset.check;
  if (!address) {
    return;
  }
  const { origin } = new URL(address);
  const element = document.createElement("iframe");
  // As the player's frame.
  element.setAttribute("credentialless", "");
  element.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-modals");
  element.title = form.dataset.frame;
  element.src = address;
  const heard = (kind, most) =>
    new Promise((settle) => {
      const listen = ({ data, source, origin: from }) => {
        if (source === element.contentWindow && from === origin && data?.staffrecord === 1 && data.kind === kind) {
          done(data);
        }
      };
      const done = (data) => {
        clearTimeout(timer);
        window.removeEventListener("message", listen);
        settle(data);
      };
      const timer = setTimeout(done, most);
      window.addEventListener("message", listen);
    });
  const ready = heard("check-ready", LOAD);
  const place = document.getElementById("pc-checker-frame");
  place.hidden = false;
  place.replaceChildren(element);
  const loaded = await ready;
  found("frame", loaded !== undefined);
  if (loaded) {
    const checked = heard("checked", WORK);
    element.contentWindow.postMessage({ staffrecord: 1, kind: "check", question: form.dataset.question }, origin);
    const results = (await checked)?.results ?? {};
    // What waits is sent from pages of the portal, not from the frame.
    results.commit &&= await answered(`${address}echo`);
    for (const name of ["commit", "bodies", "beacon", "storage", "dialogs"]) {
      found(name, typeof results[name] === "boolean" ? results[name] : "untested");
    }
    found("speed", Number.isFinite(results.speed) ? Math.round(Math.min(results.speed, 10_000_000)) : "untested");
  }
  place.hidden = true;
}

/** Whether what this page sends to the courses' host is answered. */
async function answered(address) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "check",
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(LOAD),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

function wait(milliseconds) {
  return new Promise((settle) => setTimeout(settle, milliseconds));
}
