// Every way to an agent, in real browsers against a desk on a cluster. It is run by
// TestRoutingInBrowsers:
//
//	node routing.mjs '{"url", "links": {"ana", "ben", "cem", "dan", "eve"}, "artifacts"}'
//
// It prints "offline" once an agent's browser is gone, for the log of the test.
import { phone, play } from './stage.mjs';

const { url, links, artifacts } = JSON.parse(process.argv[2]);

/** Starts a chat on a channel's page. */
async function join(open, name, channel, text) {
  const page = await open(name, `${url}/w/${channel}`, phone);
  await page.getByLabel('How can we help?').fill(text);
  await page.getByRole('button', { name: 'Start chat' }).click();
  return page;
}

const offers = (page) => page.getByRole('region', { name: 'Offers' });
const log = (page, text) => page.getByRole('log').getByText(text).first().waitFor();

async function end(page) {
  await page.getByRole('button', { name: 'End', exact: true }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'End' }).click();
}

/** Hands the open conversation on, or asks somebody in. */
async function hand(page, way, whom, note) {
  await page.getByRole('button', { name: way, exact: true }).click();
  const dialog = page.getByRole('dialog');
  // The radio itself is hidden; its label is what people press.
  await dialog.getByText(whom, { exact: true }).click();
  await dialog.getByRole('textbox').last().fill(note);
  await dialog.getByRole('button', { name: way === 'Transfer' ? 'Hand on' : 'Invite', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

await play(artifacts, async ({ open, close, picture, heading }) => {
  const ana = await open('ana', links.ana);
  const ben = await open('ben', links.ben, { colorScheme: 'dark' });
  await ana.getByText('Available').first().waitFor();
  await ben.getByText('Available').first().waitFor();

  // Automatic: offered to one, the conversation loaded; refused, to the next, who accepts.
  const maria = await join(open, 'maria', 'billing', 'My invoice is wrong');
  const [first, second] = await Promise.race([
    offers(ana).getByText('My invoice is wrong').first().waitFor().then(() => [ana, ben]),
    offers(ben).getByText('My invoice is wrong').first().waitFor().then(() => [ben, ana]),
  ]);
  await picture(first === ana ? 'ana' : 'ben', 'offered');
  await offers(first).getByRole('button', { name: 'Refuse' }).click();
  await offers(second).getByText('My invoice is wrong').first().waitFor();
  await offers(second).getByRole('button', { name: 'Accept' }).click();
  await log(second, 'My invoice is wrong');
  await heading(maria, /You are talking with/);

  // Invitation: the other one is asked in, and both talk.
  const other = first === ana ? 'Ana Lind' : 'Ben';
  await hand(second, 'Invite', other, 'She asks about the tax');
  await offers(first).getByText('She asks about the tax').waitFor();
  await picture(first === ana ? 'ana' : 'ben', 'invited');
  await offers(first).getByRole('button', { name: /Join|Enter/ }).click();
  await log(first, 'My invoice is wrong');
  await first.getByRole('textbox', { name: /Write to/ }).fill('The tax is included');
  await first.keyboard.press('Enter');
  await log(maria, 'The tax is included');
  await log(second, 'The tax is included');
  await picture('maria', 'two-agents');

  // Transfer to somebody who is not there: it waits in that agent's own queue.
  await hand(second, 'Transfer', 'Cem', 'He knows this customer');
  await maria.getByText(/handed you on to Cem/).first().waitFor();
  await picture('maria', 'handed');
  const cem = await open('cem', links.cem);
  await cem.getByRole('link', { name: /For me/ }).click();
  await cem.getByText('He knows this customer').first().waitFor();
  await picture('cem', 'for-me');
  await cem.getByRole('button', { name: /^Accept/ }).first().click();
  await log(cem, 'The tax is included');
  await end(cem);

  // Grab: both representatives are notified, one is faster, the other is told.
  const dan = await open('dan', links.dan);
  const eve = await open('eve', links.eve);
  const olga = await join(open, 'olga', 'field', 'My heating is broken');
  await offers(dan).getByText('My heating is broken').first().waitFor();
  await offers(eve).getByText('My heating is broken').first().waitFor();
  await picture('eve', 'grab');
  await offers(dan).getByRole('button', { name: 'Grab' }).click();
  await log(dan, 'My heating is broken');
  await offers(eve).getByText('My heating is broken').waitFor({ state: 'detached' });
  await heading(olga, /You are talking with/);
  await end(dan);

  // A waiting rule moves who waits too long to the overflow queue.
  const petra = await join(open, 'petra', 'web', 'Nobody picks me');
  await heading(petra, 'You are next.');
  await eve.getByRole('link', { name: /Overflow/ }).first().click();
  await eve.getByText('Nobody picks me').first().waitFor();
  await picture('eve', 'overflow');
  await eve.getByRole('button', { name: 'Accept next' }).click();
  await log(eve, 'Nobody picks me');

  // The laptop is closed: the customer is back in the line, at the old place.
  const rosa = await join(open, 'rosa', 'desk', 'I was here first');
  await heading(rosa, 'You are next.');
  await dan.getByRole('link', { name: /Front desk/ }).first().click();
  await dan.getByText('I was here first').first().waitFor();
  await dan.getByRole('button', { name: 'Accept next' }).click();
  await heading(rosa, /You are talking with/);
  const sara = await join(open, 'sara', 'desk', 'I came later');
  await heading(sara, 'You are next.');
  console.log('offline');
  await close('dan');
  await heading(rosa, 'You are next.');
  await heading(sara, 'You are number 2 in the queue.');
  await picture('rosa', 'back-in-line');
});
