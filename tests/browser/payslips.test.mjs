// Payslips on the phone they are read on: from log-in to the newest in two taps, two beside each other, a P60, print.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fits, launch, startPortal, tabTo } from './portal.mjs';
import {
  LOG_IN,
  PASSWORD,
  STAFF,
  button,
  field,
  heading,
  link,
  loggedIn,
  picture,
  shows,
  sound,
  soundOnBoth,
} from './steps.mjs';

const portal = await startPortal();
const { helen, john } = STAFF;
const NEWEST = /^[A-Z][a-z]+ \d{4} payslip, (to be )?paid \d{1,2} [A-Z][a-z]+/;
const MONEY = /\d\.\d\d/;

/** On the portal page: opens the newest payslip; its name. */
async function newest(page) {
  const found = page.getByRole('link', { name: NEWEST }).first();
  const name = (await found.innerText()).split(',')[0];
  await found.click();
  await shows(heading(page, name));
  return name;
}

/** The rows of the table with this caption. */
async function rows(page, caption) {
  const table = page.locator('table').filter({ has: page.locator('caption', { hasText: caption }) });
  return table.locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));
}

/** Opens every earlier tax year of the list. */
async function openYears(page) {
  const shut = page.locator('main details:not([open]) summary');
  while ((await shut.count()) > 0) await shut.first().tap();
}

const pence = (text) => Math.round(Number(text.replaceAll(/[^\d.-]/g, '')) * 100);

for (const script of [true, false]) {
  test(`from log-in to the newest payslip in two taps on a phone, ${script ? 'with' : 'without'} script`, async () => {
    const page = await launch(portal, { screen: 'phone', script });
    await page.goto('/');
    await field(page, 'Username*').fill(helen.username);
    await field(page, 'Password*').fill(PASSWORD);
    await button(page, LOG_IN).tap();
    await page.waitForURL('**/portal');
    assert.doesNotMatch(await page.locator('main').innerText(), MONEY, 'the portal page shows no amount');
    await sound(page, 'portal-payslips');
    await page.getByRole('link', { name: NEWEST }).first().tap();
    await page.waitForURL('**/payslips/*');
    const net = page.locator('.portal-pay__net-amount');
    await shows(net);
    // It is the first figure, and seen without scrolling.
    const box = await net.boundingBox();
    assert.ok(box.y + box.height < page.viewportSize().height, `the net pay stands ${box.y} pixels down`);
    await sound(page, 'payslip');
    // Its figures add up, and stand below one another at the right.
    for (const [caption, total] of [['Pay and allowances', 'Total pay'], ['Deductions', 'Total deductions']]) {
      const lines = await rows(page, caption);
      const last = lines.pop();
      assert.equal(last[0], total);
      assert.equal(lines.reduce((sum, [, amount]) => sum + pence(amount), 0), pence(last[1]), caption);
      const edges = await page
        .locator('table')
        .filter({ has: page.locator('caption', { hasText: caption }) })
        .locator('tbody td')
        .evaluateAll((all) => all.map((one) => [one.getBoundingClientRect().right, getComputedStyle(one).textAlign]));
      assert.ok(edges.every(([right, align]) => align === 'right' && Math.abs(right - edges[0][0]) < 1), caption);
    }
    const [gross, deductions] = [(await rows(page, 'Pay and allowances')).at(-1), (await rows(page, 'Deductions')).at(-1)];
    assert.equal(pence(gross[1]) - pence(deductions[1]), pence(await net.innerText()));
    await page.getByText('What the words on this payslip mean').tap();
    await page.getByText('Income tax. Your tax code says', { exact: false }).waitFor();
    await sound(page, 'payslip-explained');
  });
}

test('two payslips beside each other, and another one chosen with the keyboard', async () => {
  const page = await loggedIn(portal, helen, { screen: 'phone' });
  const name = await newest(page);
  await link(page, 'Compare it with the one before').tap();
  await shows(heading(page, 'Compare payslips'));
  await page.getByText(/^Your net pay is (£[\d,.]+ (more|less) than|the same as) on the .+\.$/).waitFor();
  await shows(heading(page, 'What explains it', 2));
  // What each line does adds up to the difference in net pay.
  const said = await page.getByText(/^Your net pay is/).innerText();
  const difference = said.includes('the same') ? 0 : pence(said.match(/£([\d,.]+) /)[1]) * (said.includes('less') ? -1 : 1);
  const reasons = await page.locator('main ul.nhsuk-list--bullet li').allInnerTexts();
  const effects = reasons.map((reason) => reason.match(/: ([+-]?)£([\d,.]+)$/)).filter(Boolean);
  assert.equal(effects.reduce((sum, [, sign, amount]) => sum + pence(amount) * (sign === '-' ? -1 : 1), 0), difference, reasons.join('\n'));
  await soundOnBoth(page, 'payslip-compare');
  const select = field(page, 'Another payslip');
  await tabTo(page, select);
  const last = await select.locator('option').last().innerText();
  await select.selectOption({ label: last });
  await tabTo(page, button(page, 'Compare'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/compare?with=*');
  await page.getByText(new RegExp(`on the ${last.split(',')[0]}\\.$`)).waitFor();
  await link(page, name).tap();
  await shows(heading(page, name));
});

test('the list by tax year, what was replaced, and how one is told', async () => {
  const page = await loggedIn(portal, helen, { screen: 'phone' });
  await link(page, 'Payslips').tap();
  await shows(heading(page, 'Payslips'));
  assert.doesNotMatch(await page.locator('main').innerText(), MONEY, 'the list shows no amount');
  await soundOnBoth(page, 'payslips');
  await page.getByText(/^Tax year \d{4}-\d\d$/).last().tap();
  await sound(page, 'payslips-earlier');
  await page.getByLabel('I want my payslips on paper as well').check();
  await button(page, 'Save').tap();
  await page.getByText('It is kept.').waitFor();
  assert.ok(await page.getByLabel('I want my payslips on paper as well').isChecked());
  // The row of the replaced one says so; so does its page.
  await openYears(page);
  const replaced = page.locator('.portal-rows__row', { hasText: /Replaced on/ }).first();
  await replaced.getByRole('link').tap();
  await page.getByText(/^Replaced on .+\. Open the one that counts$/).waitFor();
  await sound(page, 'payslip-replaced');
  await link(page, 'Open the one that counts').tap();
  await page.getByText(/It replaces an earlier one since/).waitFor();
});

test('a P60 on a phone and on paper', async () => {
  const page = await loggedIn(portal, helen, { screen: 'phone' });
  await page.goto('/payslips');
  await openYears(page);
  const p60 = page.getByRole('link', { name: /^P60 for the tax year/ }).first();
  const name = await p60.innerText();
  await p60.tap();
  await shows(heading(page, name));
  await soundOnBoth(page, 'p60');
  const printed = page.getByText('This is a printed copy of an eP60', { exact: true });
  assert.ok(!(await printed.isVisible()), 'it is said on paper alone');
  await page.emulateMedia({ media: 'print' });
  assert.ok(await printed.isVisible());
  const points = await page.locator('.portal-pay--p60').locator('p:visible, td:visible, th:visible, dd:visible').evaluateAll((all) =>
    all.map((one) => (parseFloat(getComputedStyle(one).fontSize) * 72) / 96),
  );
  assert.ok(Math.min(...points) >= 10 - 0.01, `ten points at least: ${Math.min(...points)}`);
  await page.emulateMedia({ media: null });
  await onePage(page, 'p60');
});

/** How a page is printed: one sheet of A4, black on white, nothing to press. */
async function onePage(page, name) {
  const pdf = await page.pdf({ format: 'A4', margin: { top: '12mm', bottom: '12mm', left: '12mm', right: '12mm' } });
  const sheets = pdf.toString('latin1').match(/\/Type\s*\/Page[^s]/g).length;
  await page.emulateMedia({ media: 'print' });
  // The width of a sheet within its margins.
  const screen = page.viewportSize();
  await page.setViewportSize({ width: 703, height: 1032 });
  await picture(page, `${name}-print`);
  await fits(page);
  for (const gone of ['.portal-menu', '.portal-footer', '.nhsuk-back-link', 'main button', 'main select', 'main details', '.portal-header__person']) {
    for (const one of await page.locator(gone).all()) assert.ok(!(await one.isVisible()), `${gone} is not printed`);
  }
  const colours = await page.locator('main .portal-pay :visible').evaluateAll((all) => [
    ...new Set(all.map((one) => `${getComputedStyle(one).color} on ${getComputedStyle(one).backgroundColor}`)),
  ]);
  assert.deepEqual(colours, ['rgb(0, 0, 0) on rgba(0, 0, 0, 0)']);
  await page.setViewportSize(screen);
  await page.emulateMedia({ media: null });
  assert.equal(sheets, 1, `${name} takes ${sheets} sheets`);
}

test('a payslip and a comparison are printed on one sheet each', async () => {
  const page = await loggedIn(portal, helen);
  await newest(page);
  await soundOnBoth(page, 'payslip');
  await onePage(page, 'payslip');
  await link(page, 'Compare it with the one before').click();
  await shows(heading(page, 'Compare payslips'));
  await onePage(page, 'payslip-compare');
});

test('nobody else reads it, and after logging out Back shows nothing', async () => {
  const page = await loggedIn(portal, helen, { screen: 'phone' });
  await newest(page);
  const mine = new URL(page.url()).pathname;
  const other = await loggedIn(portal, john, { screen: 'phone' });
  for (const path of [mine, `${mine}/compare`, mine.replace('/payslips/', '/payslips/p60/')]) {
    const answer = await other.goto(path);
    assert.equal(answer.status(), 404);
    await shows(heading(other, 'Page not found'));
    assert.doesNotMatch(await other.locator('main').innerText(), MONEY);
  }
  await button(page, 'Log out').tap();
  await page.waitForURL('**/logged-out');
  await page.goBack();
  await heading(page, 'Log in with your credentials', 2).waitFor();
  assert.equal(await page.locator('.portal-pay__net-amount').count(), 0);
});

test('the PDF of a payslip says what its page says', async () => {
  const page = await loggedIn(portal, helen, { screen: 'phone' });
  const name = await newest(page);
  const shown = await page.locator('main').innerText();
  const answer = await page.request.get(await link(page, 'Get it as a PDF').getAttribute('href'));
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()['content-disposition'], /filename="?Payslip \d{4}-\d\d\.pdf/);
  assert.equal(answer.headers()['cache-control'], 'no-store');
  const file = join(portal.folder, 'payslip.pdf');
  writeFileSync(file, await answer.body());
  const text = execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' });
  const figures = shown.match(/\d[\d,]*\.\d\d/g);
  assert.ok(figures.length > 20, shown);
  for (const figure of figures) assert.ok(text.includes(figure), `${figure} is not in\n${text}`);
  const about = execFileSync('pdfinfo', [file], { encoding: 'utf8' });
  assert.match(about, /Tagged:\s+yes/);
  assert.match(about, /Pages:\s+1\n/);
  assert.ok(about.includes(name), about);
});
