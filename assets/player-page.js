// The portal's page around a course: keeps in the outbox what the player hands over until the server has it, and keeps the session's
// clock on this page going while the course saves. The player stands in a frame of another origin, beside content that nobody trusts: whatever
// comes from there is held to one origin, one window, one launch and to limits. It shows no words of its own.
//
// <div data-player> <iframe data-launch="UUID" data-commit-url="https://…/commit" src="…"></iframe> </div>

const BODY = 512 * 1024;
/** The player sends itself what it can; so much of one launch waits in the outbox at most. */
const ROWS = 200;
const BYTES = 32 * 1024 * 1024;
/** So few rows have room, however long they are. */
const FEW = 20;
/** Messages: so many at once, and so many a second on the average. */
const BURST = 150;
const RATE = 30;
/** So often the page's idle clock begins anew at most. */
const AWAKE = 30_000;
const HOME = "/e-learning";

for (const frame of document.querySelectorAll("iframe[data-launch]")) {
  attend(frame);
}

function attend(frame) {
  const { launch, commitUrl } = frame.dataset;
  const origin = new URL(frame.src, location.href).origin;
  const room = frame.closest("[data-player]") ?? frame.parentElement;
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("portal-session") : null;
  const idle = Number(document.querySelector('meta[name="portal-idle"]')?.content);
  let allowance = BURST;
  let last = performance.now();
  let awake = 0;
  let isSaved = true;
  let turn = Promise.resolve();

  // As long as this page is open the player sends by itself.
  navigator.locks?.request(`staffrecord-${launch}`, () => new Promise(() => {}));

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || event.source !== frame.contentWindow || !isAllowed()) {
      return;
    }
    const said = event.data;
    if (said === null || typeof said !== "object" || said.staffrecord !== 1) {
      return;
    }
    receive(said);
  });

  function isAllowed() {
    const now = performance.now();
    allowance = Math.min(BURST, allowance + ((now - last) / 1000) * RATE);
    last = now;
    if (allowance < 1) {
      return false;
    }
    allowance -= 1;
    return true;
  }

  function receive(said) {
    const isNumbered =
      said.launch === launch && Number.isSafeInteger(said.sequence) && said.sequence > 0;
    switch (said.kind) {
      case "commit":
        if (isNumbered && typeof said.body === "string" && said.body.length <= BODY) {
          inTurn(() => keep(said));
        }
        break;
      case "receipt":
        stayAwake();
      // What was answered, refused, or is in a newer one is not sent again.
      case "refused":
      case "superseded":
        if (isNumbered) {
          inTurn(() => forget(said.sequence));
        }
        break;
      case "status":
        isSaved = said.saved === true;
        break;
      case "full":
        room.classList.toggle("portal-player--full", said.on === true);
        document.documentElement.classList.toggle("portal-player-page--full", said.on === true);
        break;
      case "exit":
        isSaved = true;
        location.assign(`${HOME}?done=left`);
        break;
    }
  }

  // One after the other, so that nothing is forgotten before it was kept.
  function inTurn(act) {
    turn = turn.then(act).catch(() => {
      // A browser without storage, or a full one: the player still sends, and says that it is not saved.
    });
  }

  // What comes in the place of another has its number. What there is no room for is not kept, and the player is not told that it was.
  async function keep({ sequence, edition, body, item }) {
    let isKept = false;
    await done(await open(), (commits) => {
      const key = [launch, sequence];
      const put = () => {
        commits.put({ url: commitUrl, body, item: String(item).slice(0, 255) }, key);
        isKept = true;
      };
      const range = IDBKeyRange.bound([launch, 0], [launch, Number.MAX_SAFE_INTEGER]);
      const counting = commits.count(range);
      counting.onsuccess = () => {
        if (counting.result < FEW) {
          put();
          return;
        }
        let [rows, bytes] = [0, body.length * 2];
        const looking = commits.openCursor(range);
        looking.onsuccess = () => {
          const cursor = looking.result;
          if (cursor) {
            const isOther = cursor.key[1] !== sequence;
            rows += isOther ? 1 : 0;
            bytes += isOther ? cursor.value.body.length * 2 : 0;
            cursor.continue();
          } else if (rows < ROWS && bytes <= BYTES) {
            put();
          }
        };
      };
    });
    if (isKept) {
      frame.contentWindow?.postMessage({ staffrecord: 1, kind: "kept", launch, sequence, edition }, origin);
    }
  }

  async function forget(sequence) {
    await done(await open(), (commits) => commits.delete([launch, sequence]));
  }

  // What a course saves counts as activity on the server; the pages' clocks are told so.
  function stayAwake() {
    if (idle > 0 && Date.now() - awake > AWAKE) {
      awake = Date.now();
      tabs?.postMessage({ seconds: idle });
    }
  }

  window.addEventListener("beforeunload", (event) => {
    if (!isSaved) {
      event.preventDefault();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && room.classList.contains("portal-player--full")) {
      frame.contentWindow?.postMessage({ staffrecord: 1, kind: "less", launch }, origin);
    }
  });
}

let opened = null;
function open() {
  return (opened ??= new Promise((settle, fail) => {
    const opening = indexedDB.open("staffrecord", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("commits");
    opening.onsuccess = () => settle(opening.result);
    opening.onerror = () => fail(opening.error);
  }));
}

function done(database, act) {
  return new Promise((settle, fail) => {
    const turn = database.transaction("commits", "readwrite");
    act(turn.objectStore("commits"));
    turn.oncomplete = settle;
    turn.onabort = () => fail(turn.error);
  });
}
