/** DOM helpers. All markup is in index.html; text is never parsed as HTML. */

/** Finds an element of this type; throws if there is none. */
export function find<T extends Element>(
  type: new () => T,
  selector: string,
  root: ParentNode = document,
): T {
  const element = root.querySelector(selector);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${type.name} ${selector}`);
}

/** Copies the content of a `<template>`, a single element. */
export function copyOf(template: string): HTMLElement {
  const { content } = find(HTMLTemplateElement, `template#${template}`);
  const copy = document.importNode(content, true).firstElementChild;
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`the template ${template} is empty`);
}

/** Creates an element with this text. */
export function textElement<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text: string,
  className = "",
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = className;
  return element;
}

/** Creates an element for a user's text, isolated so that it can't change the direction of others (UAX 9). */
export function isolated(text: string): HTMLElement {
  return textElement("bdi", text);
}

/** Returns a function that runs `draw` in the next frame, once however often it is called. */
export function oncePerFrame(draw: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };
}

/** Sets a toggle button's state, for assistive technology and for the style sheet. */
export function setPressed(button: HTMLElement, isPressed: boolean): void {
  button.setAttribute("aria-pressed", String(isPressed));
}
