// Passkeys, kept by Chromium's virtual authenticator.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, startPortal, tabTo, toolsOf } from './portal.mjs';
import { LOG_IN, PASSWORD, STAFF, button, field, heading, link, logIn, loggedIn, says, shows, sound, soundOnBoth } from './steps.mjs';

const portal = await startPortal();
const { helen, john } = STAFF;

/** Something that keeps passkeys: gives them when it knows its holder, as `verified` says. */
class Device {
  static async at(page, { verified = true } = {}) {
    const device = new Device();
    device.tools = await toolsOf(page);
    await device.tools.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: verified,
      automaticPresenceSimulation: true,
    };
    device.id = (await device.tools.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
    return device;
  }

  #send(what, more) {
    return this.tools.send(`WebAuthn.${what}`, { authenticatorId: this.id, ...more });
  }

  async passkeys() {
    return (await this.#send('getCredentials')).credentials;
  }

  add(credential) {
    return this.#send('addCredential', { credential });
  }

  forget({ credentialId }) {
    return this.#send('removeCredential', { credentialId });
  }

  /** Whether it finds its holder's finger. */
  verifies(isUserVerified) {
    return this.#send('setUserVerified', { isUserVerified });
  }
}

const logOut = async (page) => {
  await button(page.getByRole('banner'), 'Log out').click();
  await shows(heading(page, 'You are logged out'));
};

/** Sets one up in My account, on the device at this page. */
async function setUp(page, name) {
  await page.goto('/my-account/second-factors/passkey');
  await field(page, 'What you call it*').fill(name);
  await button(page, 'Set up a passkey').click();
}

async function takeOff(page) {
  await page.goto('/my-account');
  await button(page, 'Take off My phone').click();
  await says(page, 'The second factor is taken off.');
}

async function password(page, who) {
  await page.goto('/');
  await field(page, 'Username*').fill(who.username);
  await field(page, 'Password*').fill(PASSWORD);
  await button(page, LOG_IN).click();
}

async function byPasskey(page) {
  await page.goto('/passkey');
  await button(page, 'Log in with a passkey').click();
}

/** Asserts that the page says why a passkey was not taken, and leads back to its button. */
async function refuses(page, words) {
  await link(page.locator('.nhsuk-error-summary'), words).click();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), await page.locator('[data-passkey-button]').innerText());
}

/** What the page says about the passkey that it waits for. */
const saysOf = (page, words) => page.getByRole('status').getByText(words, { exact: true }).waitFor();
const CANCELLED =
  'Nothing was sent: it was cancelled, took too long, or this device has no passkey for the portal. Press the button to try again.';

test('set up, used alone, beside the password and to confirm, by keyboard', async () => {
  const page = await loggedIn(portal, helen);
  await Device.at(page);
  await page.goto('/my-account');
  await tabTo(page, link(page, 'Set up a passkey'));
  await page.keyboard.press('Enter');
  await shows(heading(page, 'Set up a passkey'));
  await soundOnBoth(page, 'set-up-passkey');
  await tabTo(page, field(page, 'What you call it*'));
  await page.keyboard.press('Control+a');
  await page.keyboard.type('My phone');
  await tabTo(page, button(page, 'Set up a passkey'));
  const { subject } = await portal.mailAfter(helen.email, () => page.keyboard.press('Enter'));
  assert.match(subject, /^Your second factors for .* were changed$/);
  await shows(heading(page, 'Recovery codes'));
  assert.equal(await page.locator('main li code').count(), 10);
  await soundOnBoth(page, 'recovery-codes');
  await tabTo(page, button(page, 'Go on'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/portal');
  await page.goto('/my-account');
  await shows(page.getByRole('listitem').filter({ hasText: /^\s*Recovery codes\s*10 left/ }));
  await soundOnBoth(page, 'my-account-with-factors');

  // With it alone.
  await logOut(page);
  await page.goto('/');
  await tabTo(page, link(page, 'Log in with a passkey'));
  await page.keyboard.press('Enter');
  await shows(heading(page, 'Log in with a passkey'));
  await soundOnBoth(page, 'passkey');
  await tabTo(page, button(page, 'Log in with a passkey'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/portal');
  await shows(heading(page, helen.name));

  // Beside the password.
  await logOut(page);
  await password(page, helen);
  await shows(heading(page, 'One more step'));
  await soundOnBoth(page, 'second-factor-passkey');
  await tabTo(page, button(page, 'Use your passkey'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/portal');

  // To confirm.
  await page.goto('/confirm?return=/my-account');
  await shows(heading(page, 'Confirm that it is you'));
  await soundOnBoth(page, 'confirm-by-factor');
  await tabTo(page, button(page, 'Use your passkey'));
  await page.keyboard.press('Space');
  await shows(heading(page, 'My account'));

  // A device holds one for each account.
  await setUp(page, 'Once more');
  await saysOf(page, 'This device has a passkey for your account already. Use another device, or go back.');
});

test('a passkey that was copied is not taken, nor one that was taken off', async () => {
  const page = await loggedIn(portal, john);
  const device = await Device.at(page);
  await setUp(page, 'My phone');
  await shows(heading(page, 'Recovery codes'));
  await logOut(page);
  await byPasskey(page);
  await page.waitForURL('**/portal');
  await logOut(page);

  // Whoever copied it before it was last used is behind in its count.
  const [own] = await device.passkeys();
  assert.ok(own.signCount > 1);
  const counts = async (signCount) => {
    await device.forget(own);
    await device.add({ ...own, signCount });
  };
  await counts(1);
  await byPasskey(page);
  const COPIED = 'This passkey was used somewhere else since, as if it had been copied. It was not taken. Ring your service desk.';
  await refuses(page, COPIED);
  await soundOnBoth(page, 'passkey-copied');
  await password(page, john);
  await counts(1);
  await button(page, 'Use your passkey').click();
  await refuses(page, COPIED);
  await shows(heading(page, 'One more step'));
  await sound(page);

  // With its own count it goes on.
  await counts(own.signCount);
  await button(page, 'Use your passkey').click();
  await page.waitForURL('**/portal');

  const { subject } = await portal.mailAfter(john.email, () => takeOff(page));
  assert.match(subject, /^Your second factors for .* were changed$/);
  await logOut(page);
  await byPasskey(page);
  await refuses(page, 'This passkey is not one of this portal, or was taken off. Log in another way.');
  await password(page, john);
  await page.waitForURL('**/portal');
});

test('without a passkey, a finger or consent a sentence says what to do', async () => {
  const page = await launch(portal);
  await Device.at(page);
  await byPasskey(page);
  await saysOf(page, CANCELLED);
  await soundOnBoth(page, 'passkey-cancelled');
  assert.ok(await button(page, 'Log in with a passkey').evaluate((one) => one === document.activeElement), 'the focus stays');

  const owner = await loggedIn(portal, john);
  const device = await Device.at(owner);
  await device.verifies(false);
  await setUp(owner, 'My phone');
  await saysOf(owner, CANCELLED);
  await device.verifies(true);
  await button(owner, 'Set up a passkey').click();
  await shows(heading(owner, 'Recovery codes'));
  await logOut(owner);
  await device.verifies(false);
  await byPasskey(owner);
  await saysOf(owner, CANCELLED);

  // As it was, for the next one.
  await device.verifies(true);
  await button(owner, 'Log in with a passkey').click();
  await owner.waitForURL('**/portal');
  await takeOff(owner);
});

test('what another site was given is not taken', async () => {
  // A site whose name differs by the port only: to a passkey it is the same one, to the portal it is not.
  const site = 'http://localhost:1/';
  const victim = await launch({ address: portal.address, elsewhere: [site] });
  await logIn(victim, john.username);
  await Device.at(victim);
  await setUp(victim, 'My phone');
  await shows(heading(victim, 'Recovery codes'));
  await victim.route(site, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>You have won</h1>' }));
  await victim.goto(site);

  const thief = await launch(portal);
  await thief.goto('/passkey');
  const form = thief.locator('form[data-passkey]');
  const answer = await victim.evaluate(async (options) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options).publicKey);
    return JSON.stringify(await navigator.credentials.get({ publicKey }));
  }, await form.getAttribute('data-options'));
  await form.evaluate((one, value) => {
    one.elements.answer.value = value;
    one.submit();
  }, answer);
  await refuses(thief, 'The passkey was asked for by another site, so it was not taken. Type the address of the portal yourself.');
});

test('without script a sentence says that there is another way', async () => {
  const page = await launch(portal, { script: false, screen: 'phone' });
  await page.goto('/passkey');
  await says(page, 'Passkeys need a browser that runs script. Choose another way.');
  assert.equal(await page.locator('main').getByRole('button').count(), 0);
  await sound(page);
  await link(page, 'Log in another way').click();
  await shows(heading(page, 'Log in with your credentials', 2));
});
