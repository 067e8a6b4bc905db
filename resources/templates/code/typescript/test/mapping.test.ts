/** The records of `tests/samples` through the mapping, held against what is expected of each. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as json from "../src/json.js";
import { type Mapping, Rejected } from "../src/mapper.js";
import * as mappings from "../src/mapping.js";
import type { Json } from "../src/model.js";
import { FLOWS } from "../src/plan.js";

function load(name: string): Json[] {
  const lines = readFileSync(`tests/samples/${name}.jsonl`, "utf8").split("\n");
  return lines.filter((line) => line.trim()).map(json.parse);
}

for (const flow of FLOWS) {
  test(`samples of ${flow.name}`, () => {
    const mapping = (mappings as unknown as Record<string, Mapping>)[flow.mapping];
    const [records, expected] = [load(flow.name), load(`${flow.name}.expected`)];
    assert.ok(mapping && records.length > 0);
    assert.equal(records.length, expected.length);
    records.forEach((record, i) => {
      let outcome: Json;
      try {
        outcome = { mapped: mapping.apply(record) };
      } catch (e) {
        if (!(e instanceof Rejected)) throw e;
        outcome = { rejected: { code: e.code, target: e.target } };
      }
      // As texts: 10.5 and 10.50 are not the same to everybody.
      assert.equal(json.text(outcome), json.text(expected[i]));
    });
  });
}
