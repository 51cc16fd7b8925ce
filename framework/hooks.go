package framework

// hooks are what the services have for one occasion in a socket's life: one of its turns runs them all.
type hooks struct {
	name string
	all  []hook
}

type hook struct {
	service string
	run     func(*Turn) error
}

func hooksOf(services []Service, name string, of func(Service) func(*Turn) error) hooks {
	h := hooks{name: name}
	for _, s := range services {
		if run := of(s); run != nil {
			h.all = append(h.all, hook{s.Name, run})
		}
	}
	return h
}

// turn runs the hooks, in the order of the services. One that fails, fails all.
func (h hooks) turn(t *Turn) (any, error) {
	for _, hook := range h.all {
		t.runs("hook", h.name, "service", hook.service)
		if err := hook.run(t); err != nil {
			return nil, err
		}
	}
	t.runs()
	return nil, nil
}
