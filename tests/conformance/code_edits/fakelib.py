"""An installed library's decorators, of every make; the tests put it in a site-packages."""

import functools
import threading
import time


class Settings:
    def __init__(self, k):
        self.k = k


class Retrying:
    """What tenacity's wrappers hold: settings, callbacks, a lock, the state of each thread."""

    def __init__(self, times, stop=None):
        self.times = times
        self.stop = stop
        self.sleep = time.sleep
        self.lock = threading.Lock()
        self.local = threading.local()

    def __call__(self, fn, *args):
        return fn(*args)


def retry(times, **settings):
    def decorate(fn):
        retrying = Retrying(times, **settings)

        @functools.wraps(fn)
        def wrapped(*args):
            return retrying(fn, *args)

        wrapped.retry = retrying
        wrapped.retry_with = lambda *args: retry(*args)(fn)
        wrapped.statistics = {}
        return wrapped

    return decorate


def hold(thing):
    """A function that holds a thing in a cell."""

    def decorate(fn):
        @functools.wraps(fn)
        def wrapped(*args):
            return fn(*args), thing

        return wrapped

    return decorate


def mark(thing):
    """The function itself, with a thing as its attribute."""

    def decorate(fn):
        fn.mark = thing
        return fn

    return decorate


class Obj:
    """An object in the function's place."""

    def __init__(self, fn, thing):
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.thing = thing

    def __call__(self, *args):
        return self.fn(*args)


def obj(thing):
    return lambda fn: Obj(fn, thing)


class Proxy:
    """What wrapt makes: an object that takes itself for the function."""

    __slots__ = (
        "__wrapped__",
        "_self_binding",
        "_self_enabled",
        "_self_instance",
        "_self_wrapper",
    )

    def __init__(self, wrapped, wrapper):
        self.__wrapped__ = wrapped
        self._self_wrapper = wrapper
        self._self_instance = self._self_enabled = None
        self._self_binding = "function"

    @property
    def __class__(self):
        return type(self.__wrapped__)

    def __getattr__(self, name):
        return getattr(object.__getattribute__(self, "__wrapped__"), name)

    def __call__(self, *args):
        return self._self_wrapper(self.__wrapped__, None, args, {})


def proxy(wrapper):
    return lambda wrapped: Proxy(wrapped, wrapper)
