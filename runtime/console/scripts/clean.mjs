// Empties dist but for the file that keeps the folder in the repository.
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
for (const name of readdirSync(dist)) {
  if (name !== '.keep') rmSync(dist + name, { recursive: true });
}
