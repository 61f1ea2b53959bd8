// A proxy between a browser and the portal, as networks have them: it can be cut, and can empty what is sent through it.
//
// const proxy = await startProxy(portal);  const page = await launch(portal, proxy.behind);  proxy.isDown = true;

import { createServer, request } from 'node:http';
import { afterwards } from './portal.mjs';

/**
 * Starts one of its own; it ends after the file's tests.
 * @param {import('./portal.mjs').Portal} portal
 */
export async function startProxy(portal) {
  const { port } = new URL(portal.address);
  const proxy = {
    /** Nothing gets through any more. */
    isDown: false,
    /** What was asked for in vain. */
    turnedAway: [],
    /** Whether what is sent so arrives empty. */
    empties: () => false,
  };
  const server = createServer((asked, response) => {
    if (proxy.isDown) {
      proxy.turnedAway.push(asked.url);
      asked.socket.destroy();
      return;
    }
    const isEmptied = asked.method === 'POST' && proxy.empties(asked);
    const headers = isEmptied ? { ...asked.headers, 'content-length': '0' } : asked.headers;
    const path = asked.url.replace(/^http:\/\/[^/]+/, '');
    const passed = request({ host: '127.0.0.1', port, method: asked.method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    if (isEmptied) {
      asked.resume();
      passed.end();
    } else {
      asked.pipe(passed);
    }
  });
  await new Promise((settle) => server.listen(0, '127.0.0.1', settle));
  afterwards(async () => {
    server.closeAllConnections();
    await new Promise((settle) => server.close(settle));
  });
  /** How `launch` opens a page behind it. */
  proxy.behind = { settings: { proxy: { server: `http://127.0.0.1:${server.address().port}` } } };
  return proxy;
}
