create table `a` (`b` int(11) unsigned not null auto_increment, c enum("x","y"), primary key (`b`), key (c));
CREATE TABLE broken (a int, b (;
CREATE TABLE z (d $$;
