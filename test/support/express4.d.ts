/** Express 4 under a name of its own; what of it the tests use has not changed since. */
declare module "express4" {
  export { default } from "express";
}
