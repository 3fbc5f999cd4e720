// All actions of the page.

import { accessActions } from "./access.js";
import { benchmarkActions } from "./benchmarks.js";
import { pageActions } from "./page.js";
import { processActions } from "./processes.js";
import { quickActions } from "./quick.js";
import { redisActions } from "./redis.js";

/** @type {readonly import("./action.js").Action[]} */
export const ACTIONS = [...processActions, ...redisActions, ...benchmarkActions, ...accessActions, ...quickActions, ...pageActions];
