/** The OpenRPC document of a table of methods (OpenRPC 1.3). */
import { VERSION } from '../version.ts';
import type { Method } from './method.ts';
import type { Schema } from './types.ts';

export function createOpenRpc(methods: Iterable<Method>): Schema {
  return {
    openrpc: '1.3.2',
    info: { title: 'Lockstep node', version: VERSION, license: { name: 'Apache-2.0' } },
    methods: [...methods].map(({ name, summary, params, result }) => ({
      name,
      summary,
      paramStructure: 'either',
      params: params.map((each) => ({
        name: each.name,
        required: each.type.isOptional !== true,
        schema: each.type.schema,
      })),
      result: { name: 'result', schema: result },
    })),
  };
}
