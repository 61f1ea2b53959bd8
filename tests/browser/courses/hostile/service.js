// A worker that stays when the page has gone, and sends what it is told to wherever it is told to.
const told = new Promise((settle) =>
  addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => settle(`policy: ${effectiveDirective} ${blockedURI}`)),
);
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', ({ data, source }) =>
  fetch(data, { mode: 'no-cors' })
    .then(
      () => 'sent',
      () => Promise.race([told, new Promise((settle) => setTimeout(settle, 2000, 'untold'))]),
    )
    .then((said) => source.postMessage(said)),
);
