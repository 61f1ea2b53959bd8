// Passkeys: asks the browser for what a form says, puts its answer into the form and sends it. A page with such a form
// loads this as a module of its own. It shows no words of its own: they stand in the page.
//
// <form method="post" action="…" data-passkey="create|get" data-options="{JSON}" [data-conditional]>
//   <input type="hidden" name="answer">
//   <button type="submit" data-passkey-button hidden>…</button>
//   <p role="status" data-passkey-status data-waiting="…" data-cancelled="…" data-already="…" data-unable="…"
//      data-insecure="…"></p>
// </form>
//
// `data-conditional` also offers passkeys in the field of the page that says autocomplete="username webauthn".

// A browser has one request at a time, whichever form it is for: a new one ends the one before.
let asking = null;

for (const form of document.querySelectorAll("form[data-passkey]")) {
  prepare(form);
}

function prepare(form) {
  const isCreating = form.dataset.passkey === "create";
  const isConditional = "conditional" in form.dataset;
  const answer = form.elements.namedItem("answer");
  const button = form.querySelector("[data-passkey-button]");
  const status = form.querySelector("[data-passkey-status]");
  let isWaiting = false;

  const why = whyUnable();
  if (why) {
    // Beside a username's field there is another way in: nothing needs to be said.
    if (!isConditional) {
      say(why);
    }
    return;
  }
  button.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!isWaiting) {
      ask();
    }
  });
  // A browser may bring the page back as it was left: an answer is good once.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      answer.value = "";
      wait(false);
      say(null);
      offer();
    }
  });
  offer();

  // The person pressed the button.
  async function ask() {
    wait(true);
    say("waiting");
    let failure;
    try {
      send(await credential());
      return;
    } catch (error) {
      failure = error;
    }
    wait(false);
    say(sentence(failure));
    offer();
  }

  // In the username's autofill, for as long as the page is open.
  async function offer() {
    if (!isConditional || !(await isConditionalAvailable()) || isWaiting) {
      return;
    }
    try {
      send(await credential("conditional"));
    } catch {
      // Another request took its place, or the browser has none to offer: the button is still there.
    }
  }

  function credential(mediation) {
    asking?.abort();
    asking = new AbortController();
    const { publicKey } = JSON.parse(form.dataset.options);
    const request = { publicKey: decoded(publicKey), signal: asking.signal };
    if (mediation) {
      request.mediation = mediation;
    }
    return isCreating ? navigator.credentials.create(request) : navigator.credentials.get(request);
  }

  function send(credential) {
    wait(true);
    answer.value = JSON.stringify(encoded(credential));
    form.submit(); // without the event above
  }

  function wait(isNow) {
    isWaiting = isNow;
    // Disabled, it would lose the focus.
    button.setAttribute("aria-disabled", String(isNow));
  }

  function say(which) {
    status.textContent = which ? (status.dataset[which] ?? "") : "";
  }
}

// Which sentence says why there are no passkeys here; null where there are.
function whyUnable() {
  if (!window.isSecureContext) {
    return "insecure";
  }
  return window.PublicKeyCredential && navigator.credentials ? null : "unable";
}

async function isConditionalAvailable() {
  try {
    return (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true;
  } catch {
    return false;
  }
}

// Browsers do not tell a person who cancelled from a device that found nothing, nor from time that ran out.
function sentence({ name }) {
  switch (name) {
    case "NotAllowedError":
    case "AbortError":
      return "cancelled";
    case "InvalidStateError":
      return "already";
    case "SecurityError":
      return "insecure";
    default:
      return "unable";
  }
}

// The options' base64url as bytes.
function decoded(options) {
  const withBytes = (descriptor) => ({ ...descriptor, id: bytes(descriptor.id) });
  const result = { ...options, challenge: bytes(options.challenge) };
  if (options.user) {
    result.user = withBytes(options.user);
  }
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (options[list]) {
      result[list] = options[list].map(withBytes);
    }
  }
  return result;
}

// The browser's answer with its bytes as base64url.
function encoded(credential) {
  const { id, rawId, type, response } = credential;
  const answer = {
    id,
    rawId: text(rawId),
    type,
    response: { clientDataJSON: text(response.clientDataJSON) },
    clientExtensionResults: credential.getClientExtensionResults(),
  };
  if (response.attestationObject) {
    answer.response.attestationObject = text(response.attestationObject);
    answer.response.transports = response.getTransports?.() ?? [];
  } else {
    answer.response.authenticatorData = text(response.authenticatorData);
    answer.response.signature = text(response.signature);
    answer.response.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return answer;
}

function bytes(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
