#!/usr/bin/env node
// The node as its operator meets it: first start, mistakes, names, limits of REST, signals.
//   run.mjs [TEST...]
import { chosen, Report } from '../lib/report.mjs'
import * as names from './names.mjs'
import * as start from './start.mjs'
import * as probe from './probe.mjs'
import * as signals from './signals.mjs'
import * as limits from './limits.mjs'
import * as sync from './sync.mjs'
import * as tls from './tls.mjs'
import * as discovery from './discovery.mjs'
import * as nat from './nat.mjs'
import * as stem from './stem.mjs'
import * as peers from './peers.mjs'

const TESTS = { ...start, ...probe, ...names, ...limits, ...tls, ...sync, ...discovery, ...peers, ...signals, ...nat, ...stem }

const { names: wanted } = chosen(Object.keys(TESTS))
const report = new Report()
for (const name of wanted) await report.run(name, TESTS[name])
report.end()
