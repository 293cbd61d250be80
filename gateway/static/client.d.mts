export * from "./client.js";
import * as Sluicegate from "./client.js";
export default Sluicegate;
