/**
 * Before each flow the pages of the one before are closed: after it they are still needed, for the report of one that
 * failed.
 */
import { afterAll, beforeEach } from 'vitest';
import { closePages } from './browser.ts';

beforeEach(closePages);
afterAll(closePages);
