// PC Checker's frame on the courses' host: tries from there what the player does, and tells the page around it. Whoever frames it
// learns no more than what their own script could try.

const WAIT = 20_000;
/** As much as a large commit. */
const LARGE = 200 * 1024;

addEventListener("message", async ({ data, source, origin }) => {
  if (source === parent && data?.staffrecord === 1 && data.kind === "check") {
    const results = await check(String(data.question ?? ""));
    parent.postMessage({ staffrecord: 1, kind: "checked", results }, origin);
  }
});
parent.postMessage({ staffrecord: 1, kind: "check-ready" }, "*");

async function check(question) {
  const results = {};
  results.storage = await keeps();
  results.commit = await echoed("{\"check\":true}");
  results.bodies = await echoed(letters(LARGE));
  results.beacon = sent();
  results.speed = await speed();
  results.dialogs = asks(question);
  return results;
}

/** Whether the frame can keep something until it is sent. */
async function keeps() {
  try {
    localStorage.setItem("check", "1");
    const kept = localStorage.getItem("check") === "1";
    localStorage.removeItem("check");
    const opened = new Promise((settle) => {
      const request = indexedDB.open("check");
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase("check");
        settle(true);
      };
      request.onerror = () => settle(false);
      setTimeout(settle, WAIT, false);
    });
    return kept && (await opened);
  } catch {
    return false;
  }
}

/** Whether what is sent comes back as it was. */
async function echoed(body) {
  try {
    const answer = await fetch("echo", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body,
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(WAIT),
    });
    return answer.ok && (await answer.text()) === body;
  } catch {
    return false;
  }
}

/** Whether the browser takes what is sent as a page goes. */
function sent() {
  try {
    return navigator.sendBeacon("echo", "check");
  } catch {
    return false;
  }
}

/** Kilobits a second. */
async function speed() {
  try {
    const begun = performance.now();
    const answer = await fetch("speed", { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(WAIT) });
    const bytes = (await answer.arrayBuffer()).byteLength;
    return answer.ok ? (bytes * 8) / Math.max(performance.now() - begun, 1) : null;
  } catch {
    return null;
  }
}

/** A browser that shows no dialogs answers at once; no person is that quick to say no. */
function asks(question) {
  const begun = performance.now();
  return confirm(question) || performance.now() - begun > 100;
}

/** Text that no proxy makes smaller by much. */
function letters(length) {
  const numbers = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(numbers.subarray(at, at + 65_536));
  }
  return Array.from(numbers, (number) => String.fromCharCode(48 + (number & 63))).join("");
}
