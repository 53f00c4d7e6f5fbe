import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

// What takes milliseconds takes longer on a slow, busy machine.
configure({ asyncUtilTimeout: 30_000 });

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
});
