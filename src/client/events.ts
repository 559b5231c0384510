/** An EventTarget with typed events. */

/** A listener for events with these members. */
type Listener<Members> =
  | ((event: Event & Readonly<Members>) => void)
  | { handleEvent(event: Event & Readonly<Members>): void }
  | null;

/** An EventTarget with typed events. `Events` maps each event type to the members of its events. */
export class TypedEventTarget<Events extends Record<keyof Events, object>> extends EventTarget {
  override addEventListener<Type extends keyof Events & string>(
    type: Type,
    listener: Listener<Events[Type]>,
    options?: AddEventListenerOptions | boolean,
  ): void;
  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    super.addEventListener(...args);
  }

  override removeEventListener<Type extends keyof Events & string>(
    type: Type,
    listener: Listener<Events[Type]>,
    options?: EventListenerOptions | boolean,
  ): void;
  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    super.removeEventListener(...args);
  }

  /** Dispatches an event with these members. */
  protected emit<Type extends keyof Events & string>(type: Type, members: Events[Type]): void {
    this.dispatchEvent(Object.assign(new Event(type), members));
  }
}
