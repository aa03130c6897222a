-- gate_ask tells one thing more; what a function returns can be changed only by making it anew, which follows.
DROP FUNCTION IF EXISTS gate_ask;
