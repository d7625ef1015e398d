/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cholesky: sparse factorisation A = L L^T by dynamic supernodal fan-out (Rothberg and Gupta 1992; Woo et al. 1995).
 *
 * The matrix: a cube of g x g x g points, each coupled to its up to 26 neighbours with random weights, a structure much
 * like that of a finite element model of a solid; positive definite since every diagonal element exceeds its row's sum.
 * The points are numbered by nested dissection: a box is cut by a plane of points that gets the last numbers, its two
 * halves are numbered in the same way.
 *
 * Before the measured part, one thread finds the structure of L (each column's is that of A's column and of those
 * columns whose first element below the diagonal is in this row), groups columns of equal structure into supernodes and
 * cuts those into panels of at most w columns. A panel is a dense array: one row of values for each row it has.
 *
 * Then each panel belongs to one thread, who alone writes it, by tasks from the queue that it owns:
 *
 *     update (K, J): panel K is complete, subtract what it contributes to panel J; after the last of these,
 *     complete J: factor its diagonal part, divide the rest, and for each panel that has one of J's rows among its
 *     columns put an update into the queue of that panel's owner.
 *
 * There is no barrier. A queue has a lock, and a pause flag on which its owner sleeps while it is empty. Each thread
 * knows how many tasks it will get. What comes first is a matter of timing, so results differ by roundings from run to
 * run.
 *
 * Check: L (L^T v) = A v for random vectors v.
 */
#include <math.h>

#include "anl.h"

#define MAX_COUPLED 27
/* Boxes with at most so many points along their longest side are not cut further. */
#define SMALL_BOX 2

/* A set of columns first ... first + width - 1 of L. Values are written by the owner only, until it is complete. */
typedef struct Panel {
    int first, width;
    int owner;
    int height;             /* rows, of which the first width are the columns' own */
    int *rows;              /* ascending */
    double *values;         /* row r of the panel, column c: values[r * width + c] */
    int waits;              /* updates that have to come; owner only */
} Panel;

typedef struct Task {
    struct Task *next;
    int source;             /* panel to update with, or -1: complete target */
    int target;
    int begin, end;         /* rows of source that are columns of target */
} Task;

typedef struct Queue {
    AnlLock lock;
    AnlFlag filled;         /* set while head is not NULL; changed under lock */
    Task *head, *tail;      /* under lock */
    long expected;          /* tasks that this thread will get in all; owner only */
    double work;            /* estimate, for dealing out panels */
} __attribute__((aligned(ANL_LINE))) Queue;

static long grid, panel_width;
static int nproc;
static int order;                   /* columns of A: grid^3 */
static int *number;                 /* by point: its column */
static int *coupled_count;          /* by column: elements of A in it, above and below the diagonal */
static int (*coupled)[MAX_COUPLED];
static double (*weight)[MAX_COUPLED];
static int panels;
static Panel *panel;
static int *panel_of;               /* by column */
static Queue *queue;

/* The matrix. */

/* Numbers the points with low <= (x, y, z) < high from next on; returns the next number that is free. */
static int dissect(const int low[3], const int high[3], int next)
{
    int axis = 0;

    for (int i = 0; i < 3; i++) {
        if (low[i] >= high[i]) {
            return next;
        }
        if (high[i] - low[i] > high[axis] - low[axis]) {
            axis = i;
        }
    }
    if (high[axis] - low[axis] <= SMALL_BOX) {
        for (int x = low[0]; x < high[0]; x++) {
            for (int y = low[1]; y < high[1]; y++) {
                for (int z = low[2]; z < high[2]; z++) {
                    number[(x * grid + y) * grid + z] = next++;
                }
            }
        }
        return next;
    }

    int cut = (low[axis] + high[axis]) / 2;
    int from[3] = { low[0], low[1], low[2] };
    int to[3] = { high[0], high[1], high[2] };

    to[axis] = cut;
    next = dissect(from, to, next);
    from[axis] = cut + 1;
    to[axis] = high[axis];
    next = dissect(from, to, next);
    from[axis] = cut;
    to[axis] = cut + 1;
    for (int x = from[0]; x < to[0]; x++) {
        for (int y = from[1]; y < to[1]; y++) {
            for (int z = from[2]; z < to[2]; z++) {
                number[(x * grid + y) * grid + z] = next++;
            }
        }
    }
    return next;
}

/* The element of A for two columns, the same in both orders: depends on nothing but the two. */
static double coupling(int i, int j)
{
    uint64_t seed = (uint64_t)(i < j ? i : j) << 32 | (unsigned)(i < j ? j : i);

    anl_random(&seed);
    anl_random(&seed);
    return -0.1 - anl_random_real(&seed);
}

static void add_coupled(int column, int row, double value)
{
    coupled[column][coupled_count[column]] = row;
    weight[column][coupled_count[column]++] = value;
}

static void make_matrix(void)
{
    const int low[3] = { 0, 0, 0 };
    const int high[3] = { grid, grid, grid };

    order = grid * grid * grid;
    number = anl_alloc(order, sizeof(*number));
    coupled_count = anl_alloc(order, sizeof(*coupled_count));
    coupled = anl_alloc(order, sizeof(*coupled));
    weight = anl_alloc(order, sizeof(*weight));
    dissect(low, high, 0);
    for (int point = 0; point < order; point++) {
        int x = point / (grid * grid), y = point / grid % grid, z = point % grid;
        double sum = 1e-3;

        for (int move = 0; move < 27; move++) {
            int x2 = x + move / 9 - 1, y2 = y + move / 3 % 3 - 1, z2 = z + move % 3 - 1;

            if (move != 13 && x2 >= 0 && x2 < grid && y2 >= 0 && y2 < grid && z2 >= 0 && z2 < grid) {
                int column = number[point], row = number[(x2 * grid + y2) * grid + z2];
                double value = coupling(column, row);

                sum -= value;
                add_coupled(column, row, value);
            }
        }
        add_coupled(number[point], number[point], sum);
    }
}

/* The structure of L. */

static int compare_ints(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;

    return (left > right) - (left < right);
}

/* Fills in by column: the rows of L from the diagonal down, ascending, and their count. */
static void find_structure(int **rows, int *counts)
{
    int *marked_by = anl_alloc(order, sizeof(int));
    int *found = anl_alloc(order, sizeof(int));
    int *first_child = anl_alloc(order, sizeof(int));
    int *sibling = anl_alloc(order, sizeof(int));

    for (int i = 0; i < order; i++) {
        marked_by[i] = first_child[i] = -1;
    }
    for (int column = 0; column < order; column++) {
        int count = 1;

        found[0] = column;
        marked_by[column] = column;
        for (int i = 0; i < coupled_count[column]; i++) {
            int row = coupled[column][i];

            if (row > column && marked_by[row] != column) {
                marked_by[row] = column;
                found[count++] = row;
            }
        }
        for (int child = first_child[column]; child >= 0; child = sibling[child]) {
            for (int i = 1; i < counts[child]; i++) {
                int row = rows[child][i];

                if (marked_by[row] != column) {
                    marked_by[row] = column;
                    found[count++] = row;
                }
            }
        }
        qsort(found, count, sizeof(int), compare_ints);
        rows[column] = anl_alloc(count, sizeof(int));
        memcpy(rows[column], found, count * sizeof(int));
        counts[column] = count;
        if (count > 1) {
            sibling[column] = first_child[found[1]];
            first_child[found[1]] = column;
        }
    }
    free(marked_by);
    free(found);
    free(first_child);
    free(sibling);
}

static void make_panels(void)
{
    int **rows = anl_alloc(order, sizeof(*rows));
    int *counts = anl_alloc(order, sizeof(*counts));

    find_structure(rows, counts);
    panel = anl_alloc(order, sizeof(*panel));
    panel_of = anl_alloc(order, sizeof(*panel_of));
    for (int column = 0; column < order; column++) {
        Panel *last = panels ? &panel[panels - 1] : NULL;

        /* It joins the panel before if that has the same rows from here on. */
        if (last && last->width < panel_width && counts[column] == counts[column - 1] - 1
            && rows[column - 1][1] == column) {
            last->width++;
        } else {
            last = &panel[panels++];
            last->first = column;
            last->width = 1;
            last->height = counts[column];
            last->rows = rows[column];
        }
        panel_of[column] = panels - 1;
    }
    for (int i = 0; i < panels; i++) {
        panel[i].values = anl_alloc((size_t)panel[i].height * panel[i].width, sizeof(double));
    }
    for (int column = 0; column < order; column++) {
        if (panel[panel_of[column]].first != column) {
            free(rows[column]);
        }
    }
    free(rows);
    free(counts);
}

/* End of the rows of k from begin on that are columns of the same panel as row begin. */
static int rows_end(const Panel *k, int begin)
{
    int target = panel_of[k->rows[begin]];
    int end = begin + 1;

    while (end < k->height && panel_of[k->rows[end]] == target) {
        end++;
    }
    return end;
}

/* Gives each panel to the thread that has least to do, and counts what will come. */
static void deal_panels(void)
{
    double *work = anl_alloc(panels, sizeof(double));

    for (int k = 0; k < panels; k++) {
        work[k] += (double)panel[k].width * panel[k].width * panel[k].height;
        for (int begin = panel[k].width; begin < panel[k].height; begin = rows_end(&panel[k], begin)) {
            int target = panel_of[panel[k].rows[begin]];

            work[target] += 100 + 2.0 * panel[k].width * (rows_end(&panel[k], begin) - begin)
                                      * (panel[k].height - begin);
            panel[target].waits++;
        }
    }
    for (int i = 0; i < panels; i++) {
        int owner = 0;

        for (int proc = 1; proc < nproc; proc++) {
            if (queue[proc].work < queue[owner].work) {
                owner = proc;
            }
        }
        panel[i].owner = owner;
        queue[owner].work += work[i];
        queue[owner].expected += panel[i].waits + 1;
    }
    free(work);
}

static void fill_panels(void)
{
    int *place = anl_alloc(order, sizeof(int));

    for (int i = 0; i < panels; i++) {
        Panel *p = &panel[i];

        for (int r = 0; r < p->height; r++) {
            place[p->rows[r]] = r;
        }
        for (int c = 0; c < p->width; c++) {
            int column = p->first + c;

            for (int e = 0; e < coupled_count[column]; e++) {
                if (coupled[column][e] >= column) {
                    p->values[place[coupled[column][e]] * p->width + c] = weight[column][e];
                }
            }
        }
    }
    free(place);
}

/* The tasks. */

static void put_task(int source, int target, int begin, int end)
{
    Queue *q = &queue[panel[target].owner];
    Task *task = malloc(sizeof(*task));

    if (!task) {
        anl_fail("cholesky: no memory for a task");
    }
    *task = (Task) { NULL, source, target, begin, end };
    LOCK(q->lock);
    if (q->head) {
        q->tail->next = task;
        q->tail = task;
    } else {
        q->head = q->tail = task;
        SETPAUSE(q->filled);
    }
    UNLOCK(q->lock);
}

static Task *get_task(int proc)
{
    Queue *q = &queue[proc];
    Task *task;

    WAITPAUSE(q->filled);
    LOCK(q->lock);
    task = q->head;
    q->head = task->next;
    if (!q->head) {
        CLEARPAUSE(q->filled);
    }
    UNLOCK(q->lock);
    return task;
}

/* Sum of n products. */
static inline double dot(const double *a, const double *b, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* j -= rows [begin, height) of k times rows [begin, end) of k transposed, each at its place; place: scratch memory. */
static void update(Panel *j, const Panel *k, int begin, int end, int *place)
{
    for (int r = begin, at = 0; r < k->height; r++) {
        while (j->rows[at] != k->rows[r]) {
            at++;
        }
        place[r] = at;
    }
    for (int r = begin; r < k->height; r++) {
        double *to = &j->values[place[r] * j->width];
        const double *row = &k->values[r * k->width];
        int last = r < end ? r + 1 : end;

        for (int c = begin; c < last; c++) {
            to[k->rows[c] - j->first] -= dot(row, &k->values[c * k->width], k->width);
        }
    }
}

static void complete(Panel *p)
{
    for (int r = 0; r < p->height; r++) {
        double *row = &p->values[r * p->width];
        int last = r < p->width ? r : p->width;

        for (int c = 0; c < last; c++) {
            const double *above = &p->values[c * p->width];

            row[c] = (row[c] - dot(row, above, c)) / above[c];
        }
        if (r < p->width) {
            double square = row[r] - dot(row, row, r);

            if (!(square > 0)) {
                anl_fail("cholesky: the pivot of column %d is %g", p->first + r, square);
            }
            row[r] = sqrt(square);
        }
    }
}

static void factor(int proc)
{
    int *place = anl_alloc(order, sizeof(int));

    for (long left = queue[proc].expected; left > 0; left--) {
        Task *task = get_task(proc);
        Panel *p = &panel[task->target];

        if (task->source >= 0) {
            update(p, &panel[task->source], task->begin, task->end, place);
            if (--p->waits == 0) {
                put_task(-1, task->target, 0, 0);
            }
        } else {
            complete(p);
            for (int begin = p->width, end; begin < p->height; begin = end) {
                end = rows_end(p, begin);
                put_task(task->target, panel_of[p->rows[begin]], begin, end);
            }
        }
        free(task);
    }
    free(place);
}

/* Compares L (L^T v) with A v for a random v. */
static void check(uint64_t *seed)
{
    double *v = anl_alloc(order, sizeof(double));
    double *product = anl_alloc(order, sizeof(double));
    double *got = anl_alloc(order, sizeof(double));

    for (int i = 0; i < order; i++) {
        v[i] = 2 * anl_random_real(seed) - 1;
    }
    for (int column = 0; column < order; column++) {
        const Panel *p = &panel[panel_of[column]];
        int c = column - p->first;

        for (int r = c; r < p->height; r++) {
            product[column] += p->values[r * p->width + c] * v[p->rows[r]];
        }
        for (int r = c; r < p->height; r++) {
            got[p->rows[r]] += p->values[r * p->width + c] * product[column];
        }
    }
    for (int i = 0; i < order; i++) {
        double expected = 0;

        for (int e = 0; e < coupled_count[i]; e++) {
            expected += weight[i][e] * v[coupled[i][e]];
        }
        if (!(fabs(got[i] - expected) <= 1e-11)) {
            anl_fail("cholesky: row %d of L (L^T v) is %.17g, should be %.17g", i, got[i], expected);
        }
    }
    free(v);
    free(product);
    free(got);
}

int main(int argc, char **argv)
{
    const AnlOption options[] = {
        { 'g', "points along a side of the cube", &grid, 16, 8, 1, 32 },
        { 'w', "columns in a panel", &panel_width, 32, 32, 1, 512 },
    };
    double begin = anl_time();
    uint64_t seed = 3;
    double parallel;

    nproc = anl_options(argc, argv, options, 2);
    queue = anl_alloc(nproc, sizeof(*queue));
    for (int proc = 0; proc < nproc; proc++) {
        LOCKINIT(queue[proc].lock);
        FLAGINIT(queue[proc].filled);
    }
    make_matrix();
    make_panels();
    deal_panels();
    fill_panels();
    for (int i = 0; i < panels; i++) {
        if (panel[i].waits == 0) {
            put_task(-1, i, 0, 0);
        }
    }

    parallel = anl_run(nproc, factor);

    for (int i = 0; i < 3; i++) {
        check(&seed);
    }
    anl_report("cholesky", parallel, begin);
    return 0;
}
