/** An EventTarget that knows what its events carry. */

/** What listens to events that carry `Members`, as EventTarget takes it. */
type Listener<Members> =
  | ((event: Event & Readonly<Members>) => void)
  | { handleEvent(event: Event & Readonly<Members>): void }
  | null;

/** An EventTarget whose events are `Events`: from type to the members that such an event carries. */
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

  /** Dispatches an event that carries `members`. */
  protected emit<Type extends keyof Events & string>(type: Type, members: Events[Type]): void {
    this.dispatchEvent(Object.assign(new Event(type), members));
  }
}
