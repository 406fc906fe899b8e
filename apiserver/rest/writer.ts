import type { Writer } from '../apply/field-manager.ts';
import { managerOf } from '../apply/manager-name.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { WriteOptions } from './write-options.ts';

/** Who a request's changes belong to. */
export const writerOf = (exchange: Exchange, { fieldManager }: WriteOptions): Writer => ({
  manager: managerOf(fieldManager, exchange.request.headers['user-agent']),
  subresource: exchange.info.subresource,
  now: exchange.now,
});
