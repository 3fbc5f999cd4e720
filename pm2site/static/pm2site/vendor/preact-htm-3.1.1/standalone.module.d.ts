// Types of what the page uses of the library beside this file; the only file here that is not the library's.

export function html(strings: TemplateStringsArray, ...values: any[]): any;
export class Component { props: any; state: any; constructor(props?: any); render(props: any): any; }
export function h(type: any, props?: any, ...children: any[]): any;
export function render(tree: any, parent: Element): void;
export function createContext<T>(value: T): any;
export function useContext<T>(context: any): T;
export function useState<T>(initial: T | (() => T)): [T, (next: T | ((previous: T) => T)) => void];
export function useReducer<S, A>(reducer: (state: S, action: A) => S, initial: S): [S, (action: A) => void];
export function useRef<T>(initial: T): { current: T };
export function useEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void;
export function useLayoutEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void;
export function useMemo<T>(create: () => T, inputs?: readonly unknown[]): T;
export function useCallback<F extends (...values: any[]) => any>(callback: F, inputs?: readonly unknown[]): F;
export function useErrorBoundary(callback?: (error: any) => void): [any, () => void];
