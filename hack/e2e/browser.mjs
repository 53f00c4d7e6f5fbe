// The scenario in real browsers against a desk on a cluster. It is run by TestTheScenarioInBrowsers:
//
//	node browser.mjs '{"url", "link", "site", "artifacts"}'
//
// It prints "kill" when it wants the runtime's container killed, and goes on when it comes back. Any
// step that does not come about within its time ends it with an error and a picture.
import { phone, play } from './stage.mjs';

const { url, link, site, artifacts } = JSON.parse(process.argv[2]);

await play(artifacts, async ({ open, picture, heading }) => {
  const ana = await open('ana', link);
  await ana.getByRole('link', { name: /support/i }).first().click();

  const maria = await open('maria', `${url}/w/web`, phone);
  await maria.getByLabel('How can we help?').fill('My invoice is wrong');
  await maria.getByRole('button', { name: 'Start chat' }).click();
  await heading(maria, 'You are next.');

  const olga = await open('olga', site, { colorScheme: 'dark' });
  await olga.getByRole('button', { name: 'Open chat' }).click();
  await olga.getByLabel('How can we help?').fill('Where is my parcel?');
  await olga.getByRole('button', { name: 'Start chat' }).click();
  await heading(olga, 'You are number 2 in the queue.');
  await picture('olga');

  await ana.getByText('My invoice is wrong').first().waitFor();
  await picture('ana');
  await ana.getByRole('button', { name: 'Accept next' }).click();
  await ana.getByRole('log').getByText('My invoice is wrong').waitFor();
  await heading(olga, 'You are next.');
  await ana.getByRole('textbox', { name: /Write to/ }).fill('Good morning');
  await ana.keyboard.press('Enter');
  await maria.getByRole('log').getByText('Good morning').waitFor();
  await maria.getByRole('textbox', { name: 'Message' }).fill('Hello');
  await maria.keyboard.press('Enter');
  await ana.getByRole('log').getByText('Hello').waitFor();

  // The container dies under a half-written answer and an unsent message.
  await ana.getByRole('textbox', { name: /Write to/ }).fill('half an answer');
  console.log('kill');
  await maria.waitForTimeout(700);
  await maria.getByRole('textbox', { name: 'Message' }).fill('written while it was down');
  await maria.keyboard.press('Enter');
  await ana.getByRole('log').getByText('written while it was down').waitFor();
  const times = await ana.getByRole('log').getByText('written while it was down').count();
  if (times !== 1) throw new Error(`the message stands there ${times} times`);
  const draft = await ana.getByRole('textbox', { name: /Write to/ }).inputValue();
  if (draft !== 'half an answer') throw new Error(`the draft reads ${JSON.stringify(draft)}`);
  await heading(olga, 'You are next.');
  await picture('maria');

  await ana.getByRole('button', { name: 'End', exact: true }).click();
  await ana.getByRole('alertdialog').getByRole('button', { name: 'End' }).click();
  const offer = ana.getByRole('region', { name: 'Offers' });
  await offer.getByText('comes from the queue').waitFor();
  await picture('ana');
  await offer.getByRole('button', { name: 'Accept' }).click();
  await ana.getByRole('log').getByText('Where is my parcel?').waitFor();
  await heading(olga, /You are talking with/);
  await olga.getByRole('button', { name: 'End chat' }).click();
  await olga.getByRole('button', { name: /^End/ }).last().click();
  await ana.getByText(/ended this conversation/).waitFor();
});
