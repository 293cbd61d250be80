/*! Named exports of client.js for browsers without a bundler. Apache-2.0. */
import "./client.js";

const { Chat, createChat: create, version } = globalThis.Sluicegate;
const base = new URL(".", import.meta.url).href.replace(/static\/$/, "");

export { Chat, version };
export const createChat = (options) => create({ base, ...options });
export default { Chat, createChat, version };
