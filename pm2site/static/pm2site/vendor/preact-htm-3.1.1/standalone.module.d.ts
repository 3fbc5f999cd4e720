// Types of standalone.module.js: what it exports of Preact 10, and htm's tag.
// The packages `preact` and `preact/hooks` are those of tests/browser/package.json, for the type checker alone.
import type { VNode } from "preact";

export { Component, createContext, h, render } from "preact";
export type {
  ComponentChild, ComponentChildren, ComponentType, Context, FunctionComponent, Key, Ref, RefObject, TargetedEvent, VNode,
} from "preact";
export {
  useCallback, useContext, useDebugValue, useEffect, useErrorBoundary, useImperativeHandle, useLayoutEffect, useMemo,
  useReducer, useRef, useState,
} from "preact/hooks";
export type { Dispatch, MutableRef, StateUpdater } from "preact/hooks";

export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
