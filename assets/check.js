// PC Checker's frame on the courses' host: tries from there what the player does, and tells the page around it. Whoever frames it
// learns no more than what their own script could try.

const WAIT = 20_000;
/** As much as a large commit. */
const LARGE = 200 * 1024;

/** How a frame within this one is named that is there to be left. */
const LEAVING = "#leave-";

if (location.hash.startsWith(LEAVING)) {
  addEventListener("pagehide", () => letter(location.hash.slice(LEAVING.length)));
} else {
  addEventListener("message", async ({ data, source, origin }) => {
    if (source === parent && data?.staffrecord === 1 && data.kind === "check") {
      const results = await check(String(data.question ?? ""));
      parent.postMessage({ staffrecord: 1, kind: "checked", results }, origin);
    }
  });
  parent.postMessage({ staffrecord: 1, kind: "check-ready" }, "*");
}

async function check(question) {
  const results = {};
  results.storage = await keeps();
  const small = await echoed("{\"check\":true}");
  results.commit = small !== null;
  // What is not answered at all says nothing of whether it would arrive whole.
  results.bodies = small === null ? null : small && (await echoed(letters(LARGE))) === true;
  results.beacon = await arrives();
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

/** Whether what is sent comes back as it was; `null` where no answer comes. */
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
    return answer.ok ? (await answer.text()) === body : null;
  } catch {
    return null;
  }
}

/** Whether what a page sends as it is left arrives: a frame is opened and taken away, and the server is asked for its letter. */
async function arrives() {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const frame = document.createElement("iframe");
  frame.title = document.title;
  frame.src = `./${LEAVING}${id}`;
  const loaded = new Promise((settle) => frame.addEventListener("load", settle));
  document.body.append(frame);
  await Promise.race([loaded, wait(WAIT)]);
  frame.remove();
  for (let asked = 0; asked < 10; asked += 1) {
    await wait(asked * 100);
    try {
      const answer = await fetch(`letter/${id}`, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(WAIT) });
      if (answer.ok && (await answer.text()) === id) {
        return true;
      }
    } catch {
      // Asked once more.
    }
  }
  return false;
}

/** As the player does it. */
function letter(id) {
  navigator.sendBeacon(`letter/${id}`, new Blob([id], { type: "text/plain" }));
}

function wait(milliseconds) {
  return new Promise((settle) => setTimeout(settle, milliseconds));
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
