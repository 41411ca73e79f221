/* wsload - a single-threaded epoll WebSocket load generator for chat servers.
 *
 * Modes:
 *   fanout : R rooms x M members, S senders per room; closed loop (--window) or open loop (--rate)
 *   echo   : like fanout with rooms of one member, using the adapter's echo_* keys
 *   storm  : open N connections with C handshakes in flight; connects/s
 *   idle   : RSS of the server's process session before/after N connections
 *   max    : binary search for the highest offered rate whose p99 stays under --p99 ms
 * One JSON object per run on stdout; human notes on stderr.
 *
 * Content of every message: "~M" sender(8 hex) seq(8 hex) nanoseconds(16 hex) padding.
 * The receiver looks for '~M' with memchr; nothing else in the payload is parsed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;
#define RBUF (1 << 20)
#define MAXSTEPS 32
#define RING 256                /* closed-loop completion ring per sender; --window must stay well below it */
#define WS_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define K(x) (!strcmp(l,x))
#define V(x) (!strncmp(t,x,sizeof(x)-1)&&(t+=sizeof(x)-1))
#define O(x) (!strcmp(a,x)&&(i+1<ac||(die("%s needs a value",a),0))&&(a=av[++i]))

static u64 now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64) t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void die(const char *f, ...) {
  va_list a;
  va_start(a, f);
  vfprintf(stderr, f, a);
  va_end(a);
  fputc('\n', stderr);
  exit(2);
}

/* ---------- histogram: log-linear, 64 sub-buckets per power of two (<1.6 % error) ---------- */
#define HSUB 64
#define HN (HSUB*50)
typedef struct {
  u64 n, max, c[HN];
  double sum;
} hist;
static inline int hidx(u64 v) {
  if (v < HSUB)
    return (int) v;
  int e = 63 - __builtin_clzll(v);
  int s = (int) ((v >> (e - 6)) & (HSUB - 1));
  int i = (e - 5) * HSUB + s;
  return i < HN ? i : HN - 1;
}
static inline u64 hval(int i) {
  if (i < HSUB)
    return i;
  int e = i / HSUB + 5, s = i % HSUB;
  return ((u64) (HSUB + s) << (e - 6)) + ((1ull << (e - 6)) >> 1);
}
static inline void hadd(hist * h, u64 v) {
  h->n++;
  h->sum += v;
  if (v > h->max)
    h->max = v;
  h->c[hidx(v)]++;
}
static double hq(hist * h, double q) {
  if (!h->n)
    return 0;
  u64 t = (u64) (q * (h->n - 1)) + 1, a = 0;
  for (int i = 0; i < HN; i++) {
    a += h->c[i];
    if (a >= t)
      return hval(i) > h->max ? h->max / 1e6 : hval(i) / 1e6;
  }
  return h->max / 1e6;
}

/* ---------- adapter ---------- */
typedef struct {
  int kind;                     /* 0 send, 1 expect */
  char *t;
} step_t;
typedef struct {
  char *url, *msg;
  step_t st[MAXSTEPS];
  int nst;
} prof_t;
static struct {
  prof_t room, echo;
  char *subproto;
  char *headers;
  int opcode;
  int multi;
  char *reply_in, *reply_out;
} A = {
  .opcode = 1
};

static char *unesc(const char *s) {
  char *o = malloc(strlen(s) + 1), *p = o;
  while (*s) {
    if (*s == '\\' && s[1]) {
      s++;
      switch (*s) {
      case 'n':
        *p++ = '\n';
        break;
      case 'r':
        *p++ = '\r';
        break;
      case 't':
        *p++ = '\t';
        break;
      default:
        *p++ = *s;
      }
      s++;
    } else
      *p++ = *s++;
  }
  *p = 0;
  return o;
}
static void load_adapter(const char *fn) {
  FILE *f = fopen(fn, "r");
  if (!f)
    die("adapter %s: %s", fn, strerror(errno));
  char *l = NULL;
  size_t cap = 0;
  ssize_t n;
  while ((n = getline(&l, &cap, f)) > 0) {
    while (n && (l[n - 1] == '\n' || l[n - 1] == '\r'))
      l[--n] = 0;
    if (!n || *l == '#')
      continue;
    char *eq = strchr(l, '=');
    if (!eq)
      die("adapter line: %s", l);
    *eq = 0;
    char *v = unesc(eq + 1);
    if (K("url"))
      A.room.url = v;
    else if (K("message"))
      A.room.msg = v;
    else if (K("echo_url"))
      A.echo.url = v;
    else if (K("echo_message"))
      A.echo.msg = v;
    else if (K("subprotocol"))
      A.subproto = v;
    else if (K("header")) {
      char *o;
      if (asprintf(&o, "%s%s\r\n", A.headers ? A.headers : "", v) < 0)
        exit(1);
      A.headers = o;
    } else if (K("opcode"))
      A.opcode = !strcmp(v, "binary") ? 2 : 1;
    else if (K("multi"))
      A.multi = atoi(v);
    else if (K("reply")) {
      char *p = strstr(v, "=>");
      if (!p)
        die("reply=IN=>OUT");
      *p = 0;
      A.reply_in = v;
      A.reply_out = p + 2;
    } else if (K("step") || K("echo_step")) {
      prof_t *P = K("step") ? &A.room : &A.echo;
      if (P->nst >= MAXSTEPS)
        die("too many steps");
      step_t *s = &P->st[P->nst++];
      if (!strncmp(v, "send:", 5)) {
        s->kind = 0;
        s->t = v + 5;
      } else if (!strncmp(v, "expect:", 7)) {
        s->kind = 1;
        s->t = v + 7;
      } else
        die("step %s", v);
    } else
      die("unknown adapter key %s", l);
  }
  fclose(f);
  free(l);
}

/* ---------- options ---------- */
static char *host = "127.0.0.1", *mode = "fanout", *label = "";
static int talking; /* rooms in which anybody sends; 0: all of them */
static int port = 8080, rooms = 1, members = 10, senders = 1, window_ = 1, conc = 64, size_ = 120, nconn = 10000;
static double rate = 0, duration = 4, warmup = 1, drain_s = 5, hold = 3, p99lim = 50, deadline = 90;
static int srv = 0;
static bool offer_deflate = false;
static int bisect = 7;
static bool verbose = false;
static char **tokens;
static int ntokens;
static char **roomids;
static int nroomids;
static char **readlines(const char *fn, int *n) {
  FILE *f = fopen(fn, "r");
  if (!f)
    die("%s: %s", fn, strerror(errno));
  char **v = NULL;
  *n = 0;
  char *l = NULL;
  size_t c = 0;
  ssize_t k;
  while ((k = getline(&l, &c, f)) > 0) {
    while (k && isspace((u8) l[k - 1]))
      l[--k] = 0;
    if (!k)
      continue;
    v = realloc(v, sizeof(char *) * (*n + 1));
    v[(*n)++] = strdup(l);
  }
  free(l);
  fclose(f);
  return v;
}

/* ---------- connections ---------- */
enum { S_NONE, S_CONNECTING, S_HANDSHAKE, S_SCRIPT, S_READY, S_CLOSED };
typedef struct {
  u32 next;
  u64 seen;
} win_t;
typedef struct {
  int fd;
  u8 state;
  bool wantout;
  int step;
  int room;
  int idx;
  char *part;
  int plen, pcap;
  char *out;
  int olen, ooff, ocap;
  u64 t0;
  win_t *w;
} conn_t;
typedef struct {
  int conn;
  u32 seq;
  char *pre, *suf;
  int prelen, suflen;
  int inflight;
  u32 *rem;
} sender_t;
static conn_t *C;
static int NC;
static sender_t *SD;
static int NS;
static prof_t *P;
static int ep;
static int n_ready, n_inprog;
static u64 c_closed, c_misroute, c_dup, c_late, c_gap, c_other, c_frames, c_reads, c_bytes, c_hs_fail;
static u64 c_deliv_total, c_deliv_win, c_sent_total, c_sent_win;
static u64 win_start, win_end;
static hist H, HC, HL;            /* deliveries, handshakes, messages until their last delivery */
static u64 expect_total;
static bool closed_loop;
static bool sending;
static u64 rng = 88172645463325252ull;
static inline u32 rnd(void) {
  rng ^= rng << 13;
  rng ^= rng >> 7;
  rng ^= rng << 17;
  return (u32) rng;
}

static char rbuf[RBUF + 16];
static u8 hexv[256];
static const char hexd[] = "0123456789abcdef";

static void b64(const u8 * in, int n, char *o) {
  const char *t = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  int i;
  for (i = 0; i + 2 < n; i += 3) {
    *o++ = t[in[i] >> 2];
    *o++ = t[((in[i] & 3) << 4) | in[i + 1] >> 4];
    *o++ = t[((in[i + 1] & 15) << 2) | in[i + 2] >> 6];
    *o++ = t[in[i + 2] & 63];
  }
  if (i < n) {
    *o++ = t[in[i] >> 2];
    if (i + 1 < n) {
      *o++ = t[((in[i] & 3) << 4) | in[i + 1] >> 4];
      *o++ = t[(in[i + 1] & 15) << 2];
    } else {
      *o++ = t[(in[i] & 3) << 4];
      *o++ = '=';
    }
    *o++ = '=';
  }
  *o = 0;
}

/* expand {room} {roomidx} {i} {user} {token} {len} {plain64}; stops at nothing, {content} left alone */
static char *expand(const char *t, conn_t * c) {
  size_t cap = strlen(t) * 2 + 2048, n = 0;
  char *o = malloc(cap);
  while (*t) {
    if (n + 2048 > cap) {
      cap = cap * 2 + 2048;
      o = realloc(o, cap);
    }
    if (*t == 123) {
      if (V("{roomidx}")) {
        n += sprintf(o + n, "%d", c->room);
        continue;
      }
      if (V("{room}")) {
        if (nroomids)
          n += sprintf(o + n, "%s", roomids[c->room % nroomids]);
        else
          n += sprintf(o + n, "room%d", c->room + 1);
        continue;
      }
      if (V("{i}")) {
        n += sprintf(o + n, "%d", c->idx);
        continue;
      }
      if (V("{user}")) {
        n += sprintf(o + n, "user%d", c->idx);
        continue;
      }
      if (V("{len}")) {
        n += sprintf(o + n, "%d", size_);
        continue;
      }
      if (V("{token}")) {
        if (ntokens)
          n += sprintf(o + n, "%s", tokens[c->idx % ntokens]);
        continue;
      }
      if (V("{plain64}")) {
        char b[128];
        int k = sprintf(b + 1, "user%d", c->idx);
        b[0] = 0;
        int k2 = sprintf(b + 2 + k, "user%d", c->idx);
        b[1 + k] = 0;
        b64((u8 *) b, 2 + k + k2, o + n);
        n += strlen(o + n);
        continue;
      }
    }
    o[n++] = *t++;
  } o[n] = 0;
  return o;
}

static void ep_mod(conn_t * c, bool out) {
  struct epoll_event e = {
    .events = EPOLLIN | EPOLLRDHUP | EPOLLET | (out ? EPOLLOUT : 0),.data.u32 = c->idx
  };
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  c->wantout = out;
}
static void conn_close(conn_t * c, bool bad) {
  if (c->fd >= 0) {
    struct linger l = {
      1, 0
    };
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    close(c->fd);
    c->fd = -1;
  }
  if (c->state == S_READY)
    n_ready--;
  else if (c->state != S_CLOSED && c->state != S_NONE)
    n_inprog--;
  if (bad) {
    c_closed++;
  }
  c->state = S_CLOSED;
  c->plen = 0;
  c->olen = c->ooff = 0;
}
static void raw_write(conn_t * c, const char *b, int n) {
  if (c->fd < 0)
    return;
  if (c->olen == c->ooff) {
    c->olen = c->ooff = 0;
    ssize_t k = send(c->fd, b, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (k == n)
      return;
    if (k < 0) {
      if (errno != EAGAIN) {
        conn_close(c, true);
        return;
      }
      k = 0;
    }
    b += k;
    n -= k;
  }
  if (c->olen + n > c->ocap) {
    c->ocap = (c->olen + n) * 2;
    c->out = realloc(c->out, c->ocap);
  }
  memcpy(c->out + c->olen, b, n);
  c->olen += n;
  if (!c->wantout)
    ep_mod(c, true);
}
static void flush_out(conn_t * c) {
  while (c->ooff < c->olen) {
    ssize_t k = send(c->fd, c->out + c->ooff, c->olen - c->ooff, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (k < 0) {
      if (errno == EAGAIN)
        return;
      conn_close(c, true);
      return;
    }
    c->ooff += k;
  }
  c->olen = c->ooff = 0;
  if (c->wantout)
    ep_mod(c, false);
}

/* build a masked client frame from up to three pieces and write it */
static void ws_send3(conn_t * c, int op, const char *a, int na, const char *b, int nb, const char *d, int nd) {
  static u8 f[1 << 17];
  int n = na + nb + nd, h;
  f[0] = 0x80 | op;
  if (n < 126) {
    f[1] = 0x80 | n;
    h = 2;
  } else if (n < 65536) {
    f[1] = 0x80 | 126;
    f[2] = n >> 8;
    f[3] = n;
    h = 4;
  } else
    die("frame too long");
  u32 m = rnd();
  memcpy(f + h, &m, 4);
  h += 4;
  memcpy(f + h, a, na);
  memcpy(f + h + na, b, nb);
  memcpy(f + h + na + nb, d, nd);
  u8 *p = f + h;
  u64 mm = ((u64) m << 32) | m;
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    u64 x;
    memcpy(&x, p + i, 8);
    x ^= mm;
    memcpy(p + i, &x, 8);
  }
  u8 *mk = (u8 *) & m;
  for (; i < n; i++)
    p[i] ^= mk[i & 3];
  raw_write(c, (char *) f, h + n);
}
static void ws_send(conn_t * c, int op, const char *b, int n) {
  ws_send3(c, op, b, n, "", 0, "", 0);
}

static u64 t_cur;
static void send_msg(int si, u64 ts) {
  sender_t *s = &SD[si];
  conn_t *c = &C[s->conn];
  if (c->state != S_READY)
    return;
  char b[4096];
  u32 q = ++s->seq;
  b[0] = 126;
  b[1] = 'M';
  u32 x = si;
  for (int i = 7; i >= 0; i--) {
    b[2 + i] = hexd[x & 15];
    x >>= 4;
  }
  x = q;
  for (int i = 7; i >= 0; i--) {
    b[10 + i] = hexd[x & 15];
    x >>= 4;
  }
  u64 y = ts;
  for (int i = 15; i >= 0; i--) {
    b[18 + i] = hexd[y & 15];
    y >>= 4;
  }
  static char pad[4096];
  if (!pad[0])
    for (int i = 0; i < 4095; i++)
      pad[i] = "the quick brown fox jumps over the lazy dog and runs "[i % 53];
  memcpy(b + 34, pad, size_ - 34);
  if (b[size_ - 1] == ' ')
    b[size_ - 1] = 'x';
  s->rem[q % RING] = members;
  if (closed_loop)
    s->inflight++;
  c_sent_total++;
  expect_total += members;
  if (ts >= win_start && ts < win_end)
    c_sent_win++;
  ws_send3(c, A.opcode, s->pre, s->prelen, b, size_, s->suf, s->suflen);
}

static void advance_script(conn_t * c) {
  while (c->step < P->nst && P->st[c->step].kind == 0) {
    char *t = expand(P->st[c->step].t, c);
    c->step++;
    ws_send(c, A.opcode, t, strlen(t));
    free(t);
    if (c->state == S_CLOSED)
      return;
  }
  if (c->step >= P->nst) {
    c->state = S_READY;
    n_inprog--;
    n_ready++;
    hadd(&HC, now_ns() - c->t0);
  }
}

static inline void on_marker(conn_t * c, const u8 * p) {
  u32 si = 0, q = 0;
  u64 ts = 0;
  for (int i = 0; i < 8; i++)
    si = si << 4 | hexv[p[2 + i]];
  for (int i = 0; i < 8; i++)
    q = q << 4 | hexv[p[10 + i]];
  for (int i = 0; i < 16; i++)
    ts = ts << 4 | hexv[p[18 + i]];
  if (si >= (u32) NS) {
    c_other++;
    return;
  }
  int rm = si / senders;
  if (rm != c->room) {
    c_misroute++;
    return;
  }
  sender_t *s = &SD[si];
  if (q > s->seq || q == 0) {
    c_other++;
    return;
  }
  win_t *w = &c->w[si % senders];
  if (q == w->next) {
    w->next++;
    w->seen = w->seen << 1 | 1;
  } else if (q > w->next) {
    u32 g = q - w->next;
    c_gap++;
    w->seen = g + 1 >= 64 ? 1 : (w->seen << (g + 1)) | 1;
    w->next = q + 1;
  } else {
    u32 back = w->next - 1 - q;
    if (back < 64) {
      if (w->seen >> back & 1) {
        c_dup++;
        return;
      }
      w->seen |= 1ull << back;
    }
    c_late++;
  }
  c_deliv_total++;
  if (t_cur >= win_start && t_cur < win_end)
    c_deliv_win++;
  if (ts >= win_start && ts < win_end)
    hadd(&H, t_cur > ts ? t_cur - ts : 0);
  if (s->seq - q < RING && --s->rem[q % RING] == 0) {  /* older places of the ring belong to newer messages */
    if (ts >= win_start && ts < win_end)
      hadd(&HL, t_cur > ts ? t_cur - ts : 0);
    if (closed_loop) {
      s->inflight--;
      if (sending)
        send_msg(si, now_ns());
    }
  }
}

static void on_frame(conn_t * c, int op, u8 * p, u64 n) {
  c_frames++;
  if (op == 9) {
    ws_send(c, 10, (char *) p, n > 125 ? 125 : n);
    return;
  }
  if (op == 8) {
    if (verbose)
      fprintf(stderr, "close frame on %d code %d %.*s\n", c->idx, n >= 2 ? p[0] << 8 | p[1] : 0, (int) (n > 2 ? n - 2 : 0),
              p + 2);
    conn_close(c, true);
    return;
  }
  if (op == 10)
    return;
  if (c->state == S_SCRIPT) {
    if (verbose && c->idx == 0)
      fprintf(stderr, "<< %.*s\n", (int) (n > 600 ? 600 : n), p);
    if (A.reply_in && n == strlen(A.reply_in) && !memcmp(p, A.reply_in, n))
      ws_send(c, A.opcode, A.reply_out, strlen(A.reply_out));
    if (c->step < P->nst && P->st[c->step].kind == 1) {
      if (memmem(p, n, P->st[c->step].t, strlen(P->st[c->step].t))) {
        c->step++;
        advance_script(c);
      }
    }
    return;
  }
  u8 *q = p, *e = p + n;
  bool hit = false;
  while (q < e && (q = memchr(q, 126, e - q))) {
    if (e - q >= 34 && q[1] == 'M') {
      hit = true;
      on_marker(c, q);
      if (!A.multi || c->state != S_READY)
        break;
      q += 34;
    } else
      q++;
  }
  if (!hit) {
    c_other++;
    if (A.reply_in && n == strlen(A.reply_in) && !memcmp(p, A.reply_in, n))
      ws_send(c, A.opcode, A.reply_out, strlen(A.reply_out));
    else if (verbose && c_other < 20)
      fprintf(stderr, "other: %.*s\n", (int) (n > 300 ? 300 : n), p);
  }
}

static void on_readable(conn_t * c, bool hup) {
  for (;;) {
    int off = 0;
    if (c->plen) {
      memcpy(rbuf, c->part, c->plen);
      off = c->plen;
    }
    if (off >= RBUF)
      die("frame larger than read buffer");
    ssize_t k = recv(c->fd, rbuf + off, RBUF - off, MSG_DONTWAIT);
    if (k < 0) {
      if (errno == EAGAIN)
        return;
      if (verbose)
        fprintf(stderr, "recv %d: %s state %d\n", c->idx, strerror(errno), c->state);
      conn_close(c, true);
      return;
    }
    if (k == 0) {
      if (verbose)
        fprintf(stderr, "eof %d state %d\n", c->idx, c->state);
      conn_close(c, true);
      return;
    }
    c_reads++;
    c_bytes += k;
    t_cur = now_ns();
    bool full = (k == RBUF - off);
    int n = off + k, i = 0;
    rbuf[n] = 0;
    if (c->state == S_HANDSHAKE) {
      char *e = memmem(rbuf, n, "\r\n\r\n", 4);
      if (e) {
        if (memcmp(rbuf, "HTTP/1.1 101", 12) || !strstr(rbuf, WS_ACCEPT)) {
          c_hs_fail++;
          if (c_hs_fail < 3)
            fprintf(stderr, "handshake refused: %.200s\n", rbuf);
          conn_close(c, true);
          return;
        }
        i = e + 4 - rbuf;
        c->state = S_SCRIPT;
        advance_script(c);
      }
    }
    if (c->state == S_SCRIPT || c->state == S_READY)
      while (n - i >= 2) {
        u8 *f = (u8 *) rbuf + i;
        u64 len = f[1] & 127;
        int h = 2;
        if (len == 126) {
          if (n - i < 4)
            break;
          len = f[2] << 8 | f[3];
          h = 4;
        } else if (len == 127) {
          if (n - i < 10)
            break;
          len = 0;
          for (int j = 0; j < 8; j++)
            len = len << 8 | f[2 + j];
          h = 10;
        }
        if (f[1] & 128)
          die("masked server frame");
        if ((u64) (n - i) < h + len)
          break;
        on_frame(c, f[0] & 15, f + h, len);
        if (c->state == S_CLOSED)
          return;
        i += h + len;
      }
    int rest = n - i;
    if (rest) {
      if (rest > c->pcap) {
        c->pcap = rest * 2;
        c->part = realloc(c->part, c->pcap);
      }
      memcpy(c->part, rbuf + i, rest);
    }
    c->plen = rest;
    if (!full && !hup)
      return;
  }
}

static void start_conn(conn_t * c) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0)
    die("socket: %s (ulimit -n?)", strerror(errno));
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->fd = fd;
  c->step = 0;
  c->plen = 0;
  c->olen = c->ooff = 0;
  c->t0 = now_ns();
  struct sockaddr_in a = {
    .sin_family = AF_INET,.sin_port = htons(port)
  };
  inet_pton(AF_INET, host, &a.sin_addr);
  c->state = S_CONNECTING;
  n_inprog++;
  int r = connect(fd, (void *) &a, sizeof a);
  struct epoll_event e = {
    .events = EPOLLIN | EPOLLRDHUP | EPOLLOUT | EPOLLET,.data.u32 = c->idx
  };
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
  c->wantout = true;
  if (r < 0 && errno != EINPROGRESS) {
    c_hs_fail++;
    conn_close(c, true);
  }
}
static void connected(conn_t * c) {
  int er = 0;
  socklen_t l = sizeof er;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &er, &l);
  if (er) {
    c_hs_fail++;
    if (c_hs_fail < 3)
      fprintf(stderr, "connect: %s\n", strerror(er));
    conn_close(c, true);
    return;
  }
  char *u = expand(P->url, c);
  char b[8192];
  int n =
      snprintf(b, sizeof b,
               "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " WS_KEY
               "\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s%s\r\n",
               u, host, port, A.subproto ? "Sec-WebSocket-Protocol: " : "", A.subproto ? A.subproto : "",
               A.subproto ? "\r\n" : "",
               offer_deflate ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "",
               A.headers ? A.headers : "");
  free(u);
  c->state = S_HANDSHAKE;
  ep_mod(c, false);
  raw_write(c, b, n);
}

static struct epoll_event EV[1024];
static void pump(long timeout_ns) {
  struct timespec ts = {
    timeout_ns / 1000000000, timeout_ns % 1000000000
  };
  int n = epoll_pwait2(ep, EV, 1024, timeout_ns < 0 ? NULL : &ts, NULL);
  for (int i = 0; i < n; i++) {
    conn_t *c = &C[EV[i].data.u32];
    if (c->fd < 0)
      continue;
    u32 e = EV[i].events;
    if (c->state == S_CONNECTING) {
      if (e & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        connected(c);
      continue;
    }
    if (e & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
      on_readable(c, e & (EPOLLHUP | EPOLLERR | EPOLLRDHUP));
    if (c->fd >= 0 && (e & EPOLLOUT) && c->olen > c->ooff)
      flush_out(c);
    else if (c->fd >= 0 && (e & EPOLLOUT) && c->wantout && c->olen == c->ooff)
      ep_mod(c, false);
  }
}

static u64 hard_deadline;
/* bring every connection to READY with at most conc in flight; returns seconds taken */
static double ensure_connected(int want) {
  u64 t0 = now_ns(), last = t0;
  int next = 0, lastready = n_ready;
  u64 fails0 = c_hs_fail;
  u64 tries = 0;
  while (n_ready < want) {
    while (n_inprog < conc && next < want) {
      if (C[next].state == S_NONE || C[next].state == S_CLOSED) {
        start_conn(&C[next]);
        tries++;
      }
      next++;
    }
    pump(20000000);
    if (n_inprog == 0 && next >= want && n_ready < want) {
      if (c_hs_fail - fails0 > (u64) want || tries > (u64) want * 2)
        break;
      next = 0;
    }
    u64 t = now_ns();
    if (n_ready != lastready) {
      lastready = n_ready;
      last = t;
    }
    if (t - last > 15000000000ull || t > hard_deadline) {
      fprintf(stderr, "connect stalled: %d of %d ready, %d in progress, %lu refused\n", n_ready, want, n_inprog,
              (unsigned long) c_hs_fail);
      break;
    }
  }
  return (now_ns() - t0) / 1e9;
}

/* ---------- process accounting ---------- */
typedef struct {
  double cpu;
  double rss_kb;
  int procs;
} pstat;
static pstat proc_stat(int root) {
  pstat r = {
    0
  };
  if (!root)
    return r;
  static int pids[65536], pp[65536], ss[65536];
  static double cpu[65536], rss[65536];
  int n = 0;
  DIR *d = opendir("/proc");
  struct dirent *e;
  while ((e = readdir(d)) && n < 65536) {
    if (!isdigit(e->d_name[0]))
      continue;
    char fn[300], b[2048];
    snprintf(fn, sizeof fn, "/proc/%s/stat", e->d_name);
    int fd = open(fn, O_RDONLY);
    if (fd < 0)
      continue;
    int k = read(fd, b, sizeof b - 1);
    close(fd);
    if (k <= 0)
      continue;
    b[k] = 0;
    char *p = strrchr(b, ')');
    if (!p)
      continue;
    char st;
    int ppid, pg, sid;
    unsigned long ut, st2;
    long rs;
    if (sscanf(p + 2, "%c %d %d %d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld", &st, &ppid,
               &pg, &sid, &ut, &st2, &rs) < 7)
      continue;
    pids[n] = atoi(e->d_name);
    pp[n] = ppid;
    ss[n] = sid;
    cpu[n] = (ut + st2) / (double) sysconf(_SC_CLK_TCK);
    rss[n] = rs * 4.0;
    n++;
  }
  closedir(d);
  static bool in[65536];
  memset(in, 0, n);
  bool ch = true;
  while (ch) {
    ch = false;
    for (int i = 0; i < n; i++)
      if (!in[i]) {
        bool y = pids[i] == root || ss[i] == root;
        for (int j = 0; !y && j < n; j++)
          if (in[j] && pids[j] == pp[i])
            y = true;
        if (y) {
          in[i] = true;
          ch = true;
        }
      }
  }
  for (int i = 0; i < n; i++)
    if (in[i]) {
      r.cpu += cpu[i];
      r.rss_kb += rss[i];
      r.procs++;
    }
  return r;
}
static double self_cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
static void steal(double *st, double *tot) {
  FILE *f = fopen("/proc/stat", "r");
  double v[10] = {
    0
  };
  if (f) {
    if (fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7)) {
    }
    fclose(f);
  }
  *st = v[7];
  *tot = 0;
  for (int i = 0; i < 8; i++)
    *tot += v[i];
}

/* ---------- one measured run ---------- */
typedef struct {
  double rate_off, deliv_s, sent_s, p50, p99, p999, max, mean, last50, last99;
  u64 sent, deliv, lost, dup, late, gap, mis, other, closed;
  double lg_cpu, srv_cpu, steal;
  bool drained;
  double lag_ms, total_s, cpu_total;
  double fpr;
  u64 unsent;
} res_t;
static void reset_counters(void) {
  c_closed = c_misroute = c_dup = c_late = c_gap = c_other = c_frames = c_reads = c_bytes = 0;
  c_deliv_total = c_deliv_win = c_sent_total = c_sent_win = expect_total = 0;
  memset(&H, 0, sizeof H);
  memset(&HL, 0, sizeof HL);
}
static void reset_seq(void) {
  for (int i = 0; i < NS; i++) {
    SD[i].seq = 0;
    SD[i].inflight = 0;
  }
  for (int i = 0; i < NC; i++)
    for (int j = 0; j < senders; j++) {
      C[i].w[j].next = 1;
      C[i].w[j].seen = 0;
    }
}

/* max mode retries a failing step (up to three times while the server is not CPU bound): a stall of the machine must not decide */
static res_t run_once(double r, double warm, double dur, double drain) {
  reset_counters();
  pstat pz = proc_stat(srv);
  res_t R = {
    0
  };
  closed_loop = (r <= 0);
  u64 t0 = now_ns();
  win_start = t0 + (u64) (warm * 1e9);
  win_end = win_start + (u64) (dur * 1e9);
  sending = true;
  double st0 = 0, tt0 = 0, cp0 = 0, wst = 0;
  pstat p0 = {
    0
  };
  bool snap = false;
  u64 k = 0;
  double gap = r > 0 ? 1e9 / r : 0;
  u64 maxlag = 0;
  if (closed_loop)
    for (int w = 0; w < window_; w++)
      for (int i = 0; i < NS; i++) {
        send_msg(i, now_ns());
        if ((i & 63) == 63)
          pump(0);
      }
  for (;;) {
    u64 t = now_ns();
    if (!snap && t >= win_start) {
      snap = true;
      p0 = proc_stat(srv);
      cp0 = self_cpu();
      steal(&st0, &tt0);
      wst = t;
    }
    if (t >= win_end || t > hard_deadline)
      break;
    long to = 5000000;
    if (!closed_loop) {
      int burst = 0;
      u64 due = t0 + (u64) (k * gap);
      while (due <= t && due < win_end && burst < 32) {
        if (t - due > maxlag)
          maxlag = t - due;
        int si = (int) (k % NS);
        int rm = si % rooms, j = si / rooms;
        send_msg(rm * senders + j, due);
        k++;
        burst++;
        due = t0 + (u64) (k * gap);
      }
      if (due <= t)
        to = 0;
      else {
        to = (long) (due - t);
        if (to > 5000000)
          to = 5000000;
      }
    }
    pump(to);
  }
  sending = false;
  double cp1 = self_cpu();
  pstat p1 = proc_stat(srv);
  double st1, tt1;
  steal(&st1, &tt1);
  double wall = (now_ns() - wst) / 1e9;
  u64 t1 = now_ns(), lastd = c_deliv_total, lastt = t1;
  R.drained = true;
  R.fpr = c_reads ? (double) c_frames / c_reads : 0;
  while (c_deliv_total < expect_total) {
    pump(5000000);
    u64 t = now_ns();
    if (c_deliv_total != lastd) {
      lastd = c_deliv_total;
      lastt = t;
    }
    if (t - t1 > (u64) (drain * 1e9) || t - lastt > 2500000000ull) {
      R.drained = false;
      break;
    }
  }
  if (lastt < t1)
    lastt = t1;
  if (R.drained)
    lastt = now_ns();
  pstat pe = proc_stat(srv);
  R.total_s = c_deliv_total / ((lastt - t0) / 1e9);
  R.cpu_total = srv && pe.cpu > pz.cpu ? c_deliv_total / (pe.cpu - pz.cpu) : 0;
  u64 tx = now_ns() + 30000000;
  while (R.drained && now_ns() < tx)
    pump(5000000);
  R.rate_off = r;
  R.deliv_s = c_deliv_win / dur;
  R.sent_s = c_sent_win / dur;
  R.p50 = hq(&H, .5);
  R.p99 = hq(&H, .99);
  R.p999 = hq(&H, .999);
  R.last50 = hq(&HL, .5);
  R.last99 = hq(&HL, .99);
  R.max = H.max / 1e6;
  R.mean = H.n ? H.sum / H.n / 1e6 : 0;
  R.sent = c_sent_total;
  R.deliv = c_deliv_total;
  R.lost = expect_total - c_deliv_total;
  R.dup = c_dup;
  R.late = c_late;
  R.gap = c_gap;
  R.mis = c_misroute;
  R.other = c_other;
  R.closed = c_closed;
  R.lg_cpu = (cp1 - cp0) / wall * 100;
  R.srv_cpu = srv ? (p1.cpu - p0.cpu) / wall * 100 : -1;
  R.steal = tt1 > tt0 ? (st1 - st0) / (tt1 - tt0) * 100 : 0;
  R.lag_ms = maxlag / 1e6;
  return R;
}
static void print_res(const char *m, res_t * R, double connect_s) {
  printf
      ("{\"label\":\"%s\",\"mode\":\"%s\",\"rooms\":%d,\"members\":%d,\"senders\":%d,\"size\":%d,\"window\":%d,\"rate\":%.1f,\"connect_s\":%.3f,\"msgs_s\":%.1f,\"deliv_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,\"last_p50_ms\":%.3f,\"last_p99_ms\":%.3f,\"sent\":%lu,\"delivered\":%lu,\"lost\":%ld,\"dup\":%lu,\"late\":%lu,\"gaps\":%lu,\"misrouted\":%lu,\"other\":%lu,\"closed\":%lu,\"lg_cpu\":%.1f,\"srv_cpu\":%.1f,\"steal\":%.2f,\"drained\":%s,\"lg_lag_ms\":%.2f,\"frames_per_read\":%.2f,\"deliv_s_total\":%.1f,\"deliv_per_cpu_s\":%.0f}\n",
       label, m, rooms, members, senders, size_, window_, R->rate_off, connect_s, R->sent_s, R->deliv_s, R->p50, R->p99, R->p999,
       R->max, R->last50, R->last99, R->sent, R->deliv, (long) R->lost, R->dup, R->late, R->gap, R->mis, R->other, R->closed, R->lg_cpu, R->srv_cpu,
       R->steal, R->drained ? "true" : "false", R->lag_ms, R->fpr, R->total_s, R->cpu_total);
  fflush(stdout);
}

static void setup(int nc, bool sendersToo) {
  NC = nc;
  C = calloc(nc, sizeof *C);
  for (int i = 0; i < nc; i++) {
    C[i].fd = -1;
    C[i].idx = i;
    C[i].room = (i / members) % rooms;
    if (sendersToo)
      C[i].w = calloc(senders, sizeof(win_t));
  }
  if (!sendersToo)
    return;
  NS = (talking > 0 && talking < rooms ? talking : rooms) * senders;
  SD = calloc(NS, sizeof *SD);
  for (int i = 0; i < NS; i++) {
    sender_t *s = &SD[i];
    int rm = i / senders, j = i % senders;
    /* senders spread evenly over the members */ s->conn = rm * members + (int) ((long) j * members / senders);
    s->rem = calloc(RING, 4);
    char *t = expand(P->msg, &C[s->conn]);
    char *x = strstr(t, "{content}");
    if (!x)
      die("message template lacks {content}");
    *x = 0;
    s->pre = t;
    s->prelen = x - t;
    s->suf = x + 9;
    s->suflen = strlen(s->suf);
  }
}

int main(int ac, char **av) {
  char *ad = NULL;
  for (int i = 1; i < ac; i++) {
    char *a = av[i];
    if (O("--adapter"))
      ad = a;
    else if (O("--host"))
      host = a;
    else if (O("--port"))
      port = atoi(a);
    else if (O("--mode"))
      mode = a;
    else if (O("--label"))
      label = a;
    else if (O("--rooms"))
      rooms = atoi(a);
    else if (O("--talking"))
      talking = atoi(a);
    else if (O("--members"))
      members = atoi(a);
    else if (O("--senders"))
      senders = atoi(a);
    else if (O("--window"))
      window_ = atoi(a);
    else if (O("--rate"))
      rate = atof(a);
    else if (O("--duration"))
      duration = atof(a);
    else if (O("--warmup"))
      warmup = atof(a);
    else if (O("--drain"))
      drain_s = atof(a);
    else if (O("--conc"))
      conc = atoi(a);
    else if (O("--size"))
      size_ = atoi(a);
    else if (O("--conns"))
      nconn = atoi(a);
    else if (O("--hold"))
      hold = atof(a);
    else if (O("--srv"))
      srv = atoi(a);
    else if (O("--p99"))
      p99lim = atof(a);
    else if (O("--steps"))
      bisect = atoi(a);
    else if (O("--deadline"))
      deadline = atof(a);
    else if (O("--tokens"))
      tokens = readlines(a, &ntokens);
    else if (O("--rooms-file"))
      roomids = readlines(a, &nroomids);
    else if (!strcmp(a, "--offer-deflate"))
      offer_deflate = true;
    else if (!strcmp(a, "-v"))
      verbose = true;
    else
      die("unknown option %s", a);
  }
  if (!ad)
    die("--adapter FILE required");
  if (strncmp(host, "127.", 4))
    die("loopback only");
  if (size_ < 34 || size_ > 4000)
    die("--size 34..4000");
  load_adapter(ad);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1000);
  struct rlimit rl = {
    200000, 200000
  };
  if (setrlimit(RLIMIT_NOFILE, &rl)) {
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);
  }
  for (int i = 0; i < 256; i++)
    hexv[i] = 0;
  for (int i = 0; i < 10; i++)
    hexv['0' + i] = i;
  for (int i = 0; i < 6; i++)
    hexv['a' + i] = hexv['A' + i] = 10 + i;
  ep = epoll_create1(0);
  hard_deadline = now_ns() + (u64) (deadline * 1e9);
  P = &A.room;
  if (!strcmp(mode, "echo")) {
    if (!A.echo.url)
      die("adapter has no echo_url");
    P = &A.echo;
    members = senders = 1;
    if (!P->msg)
      P->msg = A.room.msg;
  }
  if (senders > members)
    senders = members;
  if (!strcmp(mode, "fanout") || !strcmp(mode, "echo")) {
    setup(rooms * members, true);
    double cs = ensure_connected(NC);
    if (n_ready < NC) {
      printf("{\"label\":\"%s\",\"mode\":\"%s\",\"error\":\"only %d of %d connected\"}\n", label, mode, n_ready, NC);
      return 1;
    }
    u64 t = now_ns() + 300000000;
    while (now_ns() < t)
      pump(10000000);
    reset_seq();
    res_t R = run_once(rate, warmup, duration, drain_s);
    print_res(mode, &R, cs);
  } else if (!strcmp(mode, "storm") || !strcmp(mode, "idle")) {
    rooms = rooms > 1 ? rooms : (nconn + members - 1) / members;
    setup(nconn, false);
    pstat a = proc_stat(srv);
    double st0, tt0, st1, tt1;
    steal(&st0, &tt0);
    double cp0 = self_cpu();
    double s = ensure_connected(nconn);
    double cp1 = self_cpu();
    pstat m = proc_stat(srv);
    steal(&st1, &tt1);
    int got = n_ready;
    if (!strcmp(mode, "idle")) {
      u64 t = now_ns() + (u64) (hold * 1e9);
      while (now_ns() < t)
        pump(50000000);
    }
    pstat b = proc_stat(srv);
    printf
        ("{\"label\":\"%s\",\"mode\":\"%s\",\"conns\":%d,\"ready\":%d,\"failed\":%lu,\"closed\":%lu,\"connect_s\":%.3f,\"connects_per_s\":%.1f,\"hs_p50_ms\":%.2f,\"hs_p99_ms\":%.2f,\"lg_cpu\":%.1f,\"srv_cpu\":%.1f,\"steal\":%.2f,\"rss0_kb\":%.0f,\"rss1_kb\":%.0f,\"kb_per_conn\":%.2f,\"deflate\":%s}\n",
         label, mode, nconn, got, c_hs_fail, c_closed, s, got / s, hq(&HC, .5), hq(&HC, .99), (cp1 - cp0) / s * 100,
         srv ? (m.cpu - a.cpu) / s * 100 : -1, tt1 > tt0 ? (st1 - st0) / (tt1 - tt0) * 100 : 0, a.rss_kb, b.rss_kb,
         got ? (b.rss_kb - a.rss_kb) / got : 0, offer_deflate ? "true" : "false");
  } else if (!strcmp(mode, "max")) {
    setup(rooms * members, true);
    ensure_connected(NC);
    if (n_ready < NC) {
      printf("{\"label\":\"%s\",\"mode\":\"max\",\"error\":\"only %d of %d connected\"}\n", label, n_ready, NC);
      return 1;
    }
    u64 t = now_ns() + 300000000;
    while (now_ns() < t)
      pump(10000000);
    reset_seq();
    res_t cal = run_once(0, 0.5, 1.0, drain_s);
    double cap = cal.sent_s > cal.total_s / members ? cal.sent_s : cal.total_s / members;
    if (cap < 5)
      cap = 5;
    double lo = 0, hi = cap * 1.3;
    res_t best = {
      0
    };
    int fails = 0, steps = 0;
    fprintf(stderr, "calibrated closed loop: %.1f msgs/s (%.0f deliveries/s)\n", cap, cal.deliv_s);
    for (int k = 0; k < bisect + (fails ? 0 : 8) && now_ns() < hard_deadline; k++) {
      double r = fails ? (lo + hi) / 2 : hi;      /* climb until the first failure, then bisect */
      if (k == 0)
        r = cap * 0.8;
      if (n_ready < NC)
        ensure_connected(NC);
      u64 te = now_ns() + 200000000;
      while (now_ns() < te)
        pump(10000000);
      reset_seq();
      int tries = 0;
    again:;
      double dur = duration;
      if (r * dur < 100)
        dur = 100 / r > 6 ? 6 : 100 / r;
      res_t R = run_once(r, 0.4, dur, drain_s);
      steps++;
      if (now_ns() > hard_deadline)
        break;                  /* a step cut short by the deadline proves nothing */
      bool ok = R.drained && R.lost == 0 && R.closed == 0 && R.deliv > 0 && R.p99 > 0 && R.p99 < p99lim;
      if (!ok && R.drained && R.lost == 0 && R.closed == 0 && tries++ < (R.srv_cpu > 75 ? 1 : 3)) {
        te = now_ns() + 200000000;
        while (now_ns() < te)
          pump(10000000);
        reset_seq();
        goto again;
      }
      if (verbose)
        fprintf(stderr, " rate %.1f p50 %.2f p99 %.2f drained %d lost %ld closed %lu srv %.0f%% lg %.0f%% lag %.1f -> %s\n",
                r, R.p50, R.p99, R.drained, (long) R.lost, R.closed, R.srv_cpu, R.lg_cpu, R.lag_ms, ok ? "ok" : "fail");
      if (ok) {
        if (r > lo) {
          lo = r;
          best = R;
        }
        if (!fails && k)
          hi *= 1.5;
      } else {
        hi = r;
        fails++;
        if (!R.drained) {
          u64 tq = now_ns() + 8000000000ull;
          u64 d0 = c_deliv_total;
          u64 lt = now_ns();
          while (now_ns() < tq && c_deliv_total < expect_total) {
            pump(20000000);
            if (c_deliv_total != d0) {
              d0 = c_deliv_total;
              lt = now_ns();
            }
            if (now_ns() - lt > 1500000000ull)
              break;
          }
        }
      }
      if (hi - lo < 0.02 * hi) {
        if (fails)
          break;
        hi *= 1.5;
      }
    }
    printf
        ("{\"label\":\"%s\",\"mode\":\"max\",\"rooms\":%d,\"members\":%d,\"senders\":%d,\"size\":%d,\"p99_limit_ms\":%.0f,\"max_msgs_s\":%.1f,\"max_deliv_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"lg_cpu\":%.1f,\"srv_cpu\":%.1f,\"closed_loop_deliv_s\":%.1f,\"steps\":%d,\"upper_found\":%s}\n",
         label, rooms, members, senders, size_, p99lim, lo, lo * members, best.p50, best.p99, best.lg_cpu, best.srv_cpu,
         cal.deliv_s, steps, fails ? "true" : "false");
  } else
    die("mode?");
  return 0;
}
