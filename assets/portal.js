// The portal's script. Pages work without it; it warns before an idle session ends, keeps a page that was left from being
// seen again, and switches on nhsuk-frontend's components. It shows no words of its own: they stand in the page.
import { initAll } from "nhsuk-frontend";

document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
// The button that nhsuk-frontend puts in place of a file field is read out under another name than it shows (WCAG 2.2 §2.5.3); the
// browser's own is not.
for (const field of document.querySelectorAll('[data-module="nhsuk-file-upload"]')) {
  field.removeAttribute("data-module");
}
initAll();

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const isLoggedIn = meta("portal-logged-in") !== undefined;
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("portal-session") : null;
const LOGGED_OUT = "/logged-out";

// A browser may bring a page back as it was: after logging out that would show it again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && isLoggedIn) {
    location.reload();
  }
});

if (location.pathname === LOGGED_OUT) {
  // The other tabs still show what the person read. Where time ran out they see it themselves; a tab that slept and
  // wakes late must not throw out the person who works in another.
  if (!location.search || location.search === "?door=leavers") {
    tabs?.postMessage({ ended: true });
  }
} else if (isLoggedIn) {
  tabs?.addEventListener("message", ({ data }) => {
    if (data?.ended === true) {
      location.replace(LOGGED_OUT);
    }
  });
  watchIdleness(Number(meta("portal-idle")));
}

function watchIdleness(seconds) {
  const dialog = document.getElementById("portal-idle");
  if (!dialog || !(seconds > 0)) {
    return;
  }
  const left = document.getElementById("portal-idle-left");
  const stay = document.getElementById("portal-idle-stay");
  const failed = document.getElementById("portal-idle-failed");
  const said = document.createElement("div");
  said.className = "nhsuk-u-visually-hidden";
  said.setAttribute("aria-live", "polite");
  dialog.append(said);
  // The clock on the wall, since a computer's own timers stop while it sleeps.
  let end = 0;
  let warning = 0;
  let timer = 0;
  let lastStep = null;

  function restart(secondsLeft) {
    end = Date.now() + secondsLeft * 1000;
    warning = Math.min(120, secondsLeft / 2) * 1000;
    lastStep = null;
    sayFailed(false);
    hide();
    check();
  }

  function check() {
    clearTimeout(timer);
    const milliseconds = end - Date.now();
    if (milliseconds <= 0) {
      location.replace(`${LOGGED_OUT}?why=idle`);
    } else if (milliseconds <= warning) {
      show();
      tell(Math.ceil(milliseconds / 1000));
      timer = setTimeout(check, milliseconds % 1000 || 1000);
    } else {
      timer = setTimeout(check, milliseconds - warning);
    }
  }

  function sayFailed(isSaid) {
    if (failed) {
      failed.hidden = !isSaid;
    }
  }

  function show() {
    if (dialog.open || dialog.hasAttribute("open")) {
      return;
    }
    if (dialog.showModal) {
      dialog.showModal();
    } else {
      dialog.setAttribute("open", "");
    }
    stay.focus();
  }

  function hide() {
    if (dialog.close && dialog.open) {
      dialog.close();
    } else {
      dialog.removeAttribute("open");
    }
  }

  // Seen every second; read out when it opens, each half minute, and near the end.
  function tell(secondsLeft) {
    const text = inWords(secondsLeft);
    left.textContent = text;
    const step = [10, 20, 30, 60, 90].findIndex((step) => secondsLeft <= step);
    if (step !== lastStep) {
      said.textContent = text;
      lastStep = step;
    }
  }

  async function keep() {
    stay.disabled = true;
    try {
      const answer = await fetch("/session/stay", {
        method: "POST",
        credentials: "same-origin",
        redirect: "manual",
        headers: { Accept: "application/json" },
        body: new URLSearchParams({ csrf: meta("portal-csrf") ?? "" }),
      });
      if (answer.ok) {
        const { seconds: secondsLeft } = await answer.json();
        tabs?.postMessage({ seconds: secondsLeft });
        restart(secondsLeft);
      } else if (answer.status === 401 || answer.status === 403 || answer.type === "opaqueredirect") {
        location.replace(`${LOGGED_OUT}?why=idle`);
      } else {
        sayFailed(true);
      }
    } catch {
      sayFailed(true);
    }
    stay.disabled = false;
  }

  stay.addEventListener("click", keep);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    keep();
  });
  document.addEventListener("visibilitychange", check);
  window.addEventListener("focus", check);
  tabs?.addEventListener("message", ({ data }) => {
    if (data?.seconds > 0) {
      restart(data.seconds);
    }
  });

  // A page that loads was activity: the other tabs' time begins anew as well.
  tabs?.postMessage({ seconds });
  restart(seconds);
}

// '1 minute, 45 seconds' in the page's language.
function inWords(seconds) {
  const language = document.documentElement.lang || "en-GB";
  const unit = (value, name) =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" }).format(value);
  const parts = [];
  if (seconds >= 60) {
    parts.push(unit(Math.floor(seconds / 60), "minute"));
  }
  if (seconds % 60 !== 0 || seconds < 60) {
    parts.push(unit(seconds % 60, "second"));
  }
  return parts.join(" ");
}

// A search that is sent as it is typed: the page's own answer to the form, of which one part is shown. Without script it has a button.
for (const form of document.querySelectorAll("form[data-portal-search]")) {
  const field = form.querySelector("input[type=text], input[type=search]");
  let timer = 0;
  let asked = null;
  field?.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      asked?.abort();
      asked = new AbortController();
      const address = new URL(form.action);
      address.search = new URLSearchParams(new FormData(form)).toString();
      try {
        const answer = await fetch(address, { signal: asked.signal });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const found = page.getElementById(form.dataset.portalSearch);
        if (answer.ok && found) {
          document.getElementById(form.dataset.portalSearch).replaceChildren(...found.childNodes);
          history.replaceState(null, "", address);
        } else {
          location.assign(address);
        }
      } catch {
        // Typed on, or no network: the button says what is wrong.
      }
    }, 250);
  });
}
